package docker

import (
	"errors"
	"regexp"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/picasso-faas/picasso"
)

// answered reports whether err is Docker's own answer to a request, and not
// the lack of one.
func answered(err error) bool {
	for _, is := range []func(error) bool{
		cerrdefs.IsInvalidArgument, cerrdefs.IsUnauthorized, cerrdefs.IsPermissionDenied, cerrdefs.IsNotFound,
		cerrdefs.IsConflict, cerrdefs.IsInternal, cerrdefs.IsNotImplemented,
	} {
		if is(err) {
			return true
		}
	}
	return false
}

// reconnectTime is how long it takes to notice that Docker is back.
const reconnectTime = 200 * time.Millisecond

// unavailable is the error for a Docker that does not answer.
func unavailable(cause error) *picasso.Error {
	return picasso.Errorf(picasso.CodeUnavailable, "the container engine of the host does not answer").WithRetryAfter(time.Second).WithCause(cause)
}

// startError classifies an error of creating or starting a sandbox.
func startError(err error) *picasso.Error {
	var known *picasso.Error
	switch {
	case errors.As(err, &known):
		return known
	case !answered(err):
		return unavailable(err)
	default:
		return picasso.Errorf(picasso.CodeSandboxFailed, "%s", startDetail(err.Error())).WithCause(err)
	}
}

// userFault finds the part of a runtime's message that is about the image or
// the command: `exec: "x": executable file not found in $PATH` and the like.
var userFault = regexp.MustCompile(`(?i)exec: .*|no command specified.*|chdir to cwd .*`)

// startDetail is what a user may know of Docker's message. The rest, with
// paths and addresses of the host, goes to the log.
func startDetail(message string) string {
	if fault := userFault.FindString(message); fault != "" {
		return strings.TrimSuffix(strings.ToLower(fault[:1])+fault[1:], ": unknown")
	}
	return "the container engine could not start the image"
}
