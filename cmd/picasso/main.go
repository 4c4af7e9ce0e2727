// Picasso is the command-line client of the Functions API. Options, columns
// and formats are those that users of OpenStack's own client expect.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], terminal{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, watched: isTerminal(os.Stderr), env: os.Getenv, now: time.Now,
	})
	stop()
	os.Exit(status)
}
