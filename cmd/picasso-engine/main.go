// Picasso-engine is the engine of a compute host; it serves picasso-api.
package main

import (
	"os"

	"github.com/picasso-faas/picasso/cmd/internal/daemon"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

func main() {
	os.Exit(daemon.Run(launch.RoleEngine, os.Args[1:], os.Environ(), os.Stderr))
}
