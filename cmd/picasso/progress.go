package main

import (
	"fmt"
	"sync"
	"time"
)

// progressPause is how long something takes before a line says that it does, and
// between two of them.
const progressPause = time.Second

// progress says, where somebody watches, that something takes its time, until done is called:
// in a line that is gone then. what is called for each line.
func (c *cli) progress(what func() string) (done func()) {
	if !c.watched {
		return func() {}
	}
	quit, lines := make(chan struct{}), sync.WaitGroup{}
	lines.Go(func() {
		start, tick := time.Now(), time.NewTicker(progressPause)
		defer tick.Stop()
		end := ""
		for {
			select {
			case <-quit:
				fmt.Fprint(c.err, end)
				return
			case <-tick.C:
				end = "\r\x1b[K" // ECMA-48: erases the line
				fmt.Fprintf(c.err, end+"%s … %d s", what(), int(time.Since(start).Seconds()))
			}
		}
	})
	return sync.OnceFunc(func() { close(quit); lines.Wait() })
}

// always is a text that stays the same.
func always(text string) func() string { return func() string { return text } }
