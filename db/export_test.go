package db

import "time"

// SetTimeout replaces the ten seconds a call may take.
func (s *Store) SetTimeout(timeout time.Duration) { s.timeout = timeout }
