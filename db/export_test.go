package db

import "time"

// SetNow replaces the clock.
func (s *Store) SetNow(now func() time.Time) { s.now = now }

// SetTimeout replaces the ten seconds a call may take.
func (s *Store) SetTimeout(timeout time.Duration) { s.timeout = timeout }
