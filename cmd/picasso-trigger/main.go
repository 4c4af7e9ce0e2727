// Picasso-trigger invokes functions with no caller waiting: queued executions
// and schedules. Run as many of them as you like.
package main

import (
	"os"
	_ "time/tzdata" // schedules know every time zone, whatever the host has

	"github.com/picasso-faas/picasso/cmd/internal/daemon"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

func main() {
	os.Exit(daemon.Run(launch.RoleTrigger, os.Args[1:], os.Environ(), os.Stderr))
}
