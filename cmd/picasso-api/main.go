// Picasso-api is the HTTP API; the engine runs in a process of its own.
package main

import (
	"os"
	_ "time/tzdata" // schedules know every time zone, whatever the host has

	"github.com/picasso-faas/picasso/cmd/internal/daemon"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

func main() {
	os.Exit(daemon.Run(launch.RoleAPI, os.Args[1:], os.Environ(), os.Stderr))
}
