package h1

import "sync"

// Abort ends an exchange from another goroutine. It is made for one request
// and the repetitions of it.
type Abort struct {
	done chan struct{}

	mu      sync.Mutex
	aborted bool
	conn    *Conn // that the exchange is on; nil outside of one
}

// NewAbort returns an Abort whose exchange may go on.
func NewAbort() *Abort { return &Abort{done: make(chan struct{})} }

// Abort closes the connection of the exchange, which then fails, as every
// later one does. An exchange that has ended is not harmed, and neither is
// whoever has its connection now.
func (a *Abort) Abort() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.aborted {
		return
	}
	a.aborted = true
	close(a.done)
	if a.conn != nil {
		a.conn.Close()
	}
}

// Done is closed by Abort.
func (a *Abort) Done() <-chan struct{} { return a.done }

// Aborted reports whether Abort was called. A nil Abort never is.
func (a *Abort) Aborted() bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.aborted
}

// enter notes the connection of an exchange that begins. It reports false when
// the exchange must not begin.
func (a *Abort) enter(c *Conn) bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conn = c
	return !a.aborted
}

// leave ends the hold on the connection, before others can get it.
func (a *Abort) leave() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conn = nil
}
