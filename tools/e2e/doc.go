// Package e2e drives the real binaries over HTTP, against real Docker and,
// where a test says so, real Keystone and MariaDB. It holds tests only.
//
// Each test has a Picasso of its own, and mostly waits for it: as many run at a time as there
// are processors, but for those that need the machine to themselves.
package e2e
