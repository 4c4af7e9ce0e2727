# shellcheck shell=bash
# Not a daemon: the compiler that Go's race detector needs.

service gcc packages "gcc libc6-dev"

gcc_answers() { command -v gcc >/dev/null; }
gcc_up() { :; }
