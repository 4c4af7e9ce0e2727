write_access() { :; }
