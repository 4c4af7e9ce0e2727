// Picasso-allinone is API, triggers and engine in one process, for development and small clouds.
package main

import (
	"os"
	_ "time/tzdata" // schedules know every time zone, whatever the host has

	"github.com/picasso-faas/picasso/cmd/internal/daemon"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

func main() {
	os.Exit(daemon.Run(launch.RoleAllInOne, os.Args[1:], os.Environ(), os.Stderr))
}
