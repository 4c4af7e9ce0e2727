// Package e2e drives the real binaries over HTTP, against real Docker and,
// where a test says so, real Keystone and MariaDB. It holds tests only.
package e2e
