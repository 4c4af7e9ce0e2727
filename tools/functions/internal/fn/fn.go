// Package fn lets an ordinary http.Handler be a function. It stands in for
// Fn's FDK for Go: the same handler serves the contracts fn and web, so the
// examples stay short and the test functions need no foreign module.
//
// Written after Fn's http-stream container contract (fnproject/docs
// fn/develop/fn-format.md).
package fn

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Serve answers calls with h until the process ends. The environment says
// how they come: FN_LISTENER names the unix socket of the contract fn;
// without it h is a web server on the port in PORT (8080). Errors: whatever
// keeps it from listening.
//
// Through the function URL h sees the caller's method, URL and headers, and
// its own status and headers reach the caller. An invoke is a POST of /call
// under fn, of / under web.
func Serve(h http.Handler) error {
	l, err := Listen()
	if err != nil {
		return err
	}
	if l.Addr().Network() == "unix" {
		h = gateway(h)
	}
	return http.Serve(l, h) // the engine is the only client and limits time itself
}

// Listen opens what the engine connects to. For fn that makes the function
// ready: the socket gets its public name, a link in the same directory, only
// when it has its mode and accepts connections.
func Listen() (net.Listener, error) {
	name, isFn := strings.CutPrefix(os.Getenv("FN_LISTENER"), "unix:")
	if !isFn {
		return net.Listen("tcp", ":"+cmp.Or(os.Getenv("PORT"), "8080"))
	}
	phony := filepath.Join(filepath.Dir(name), "phony"+filepath.Base(name))
	_ = os.Remove(phony) // leftovers of a process before us; what cannot go fails below
	_ = os.Remove(name)
	l, err := net.Listen("unix", phony)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(phony, 0o666); err != nil {
		return nil, fmt.Errorf("open the socket to the engine: %w", err)
	}
	return l, os.Symlink(filepath.Base(phony), name)
}
