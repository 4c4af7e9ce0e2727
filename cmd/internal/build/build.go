// Package build knows what this build is.
package build

// version is set by the linker: -ldflags "-X …/cmd/internal/build.version=1.2.3".
var version = "dev"

// Version is the version of this build, "dev" when nobody said.
func Version() string { return version }
