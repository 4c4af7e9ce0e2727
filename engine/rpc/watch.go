package rpc

import (
	"context"
	"net/http"
	"time"
)

// watch asks the engine whether it is still there for as long as it has calls
// or control requests, and breaks their connections when it was silent for too long: its network is
// cut, or its process stands still. It ends with Close.
func (c *Client) watch() {
	pause := c.giveUp / 4
	tick := time.NewTicker(pause)
	defer tick.Stop()
	heard := time.Now()
	for {
		select {
		case <-c.closed:
			return
		case <-tick.C:
		}
		switch {
		case c.running.Load() == 0 || c.ping(pause):
			heard = time.Now()
		case time.Since(heard) >= 3*pause:
			c.log.WithField("engine", c.address).Warn("rpc: the engine is silent; its calls are given up")
			c.calls.Cut()
			c.endAsks()
			heard = time.Now()
		}
	}
}

func (c *Client) ping(timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return c.ask(ctx, http.MethodGet, "/host", nil, new(struct{})) == nil
}
