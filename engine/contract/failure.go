package contract

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/ring"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// exchangeFailure tells why an exchange with a living sandbox failed.
func exchangeFailure(err error, timeout time.Duration) *picasso.Error {
	var body *h1.BodyError
	switch {
	case errors.As(err, &body):
		return body.Problem()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return timedOut(timeout)
	case errors.Is(err, h1.ErrHeaderTooLarge):
		return functionFailed("its response header is too large (more than %d bytes)", h1.MaxHeaderBytes)
	case errors.Is(err, h1.ErrMalformed):
		return functionFailed("it did not answer in HTTP").WithCause(err)
	case errors.Is(err, h1.ErrNotSent):
		return functionFailed("it does not accept connections any more").WithCause(err)
	}
	return functionFailed("it closed the connection before its answer was complete").WithCause(err)
}

func functionFailed(format string, args ...any) *picasso.Error {
	return picasso.Errorf(picasso.CodeFunctionFailed, format, args...)
}

func cancelled() *picasso.Error {
	return picasso.Errorf(picasso.CodeCancelled, "it was cancelled while it ran")
}

func timedOut(timeout time.Duration) *picasso.Error {
	return picasso.Errorf(picasso.CodeTimedOut, "timeout_s: the function ran longer than %d s and was stopped", int(timeout.Seconds()))
}

func responseTooLarge(max int64) *picasso.Error {
	return picasso.Errorf(picasso.CodeResponseTooLarge, "the answer is larger than %d bytes", max)
}

// endedEarly is ended for a sandbox that has not been ready for a call.
func endedEarly(contract picasso.Contract, exit sandbox.Exit, log *ring.Log) *picasso.Error {
	hint := ""
	if exit.Code == 0 { // what it was made for is done
		hint = fmt.Sprintf(" (is its contract really %s?)", contract)
	}
	return ended(picasso.CodeSandboxFailed, exit, " before it took a call"+hint+tail(log))
}

// ended tells users how a sandbox ended, and more. code is for one that ended by
// itself; what the host has done to it is not the function's fault.
func ended(code picasso.Code, exit sandbox.Exit, more string) *picasso.Error {
	how := fmt.Sprintf("it ended with exit code %d", exit.Code)
	switch {
	case exit.OutOfMem:
		how = fmt.Sprintf("it ran out of memory (exit code %d)", exit.Code)
	case exit.Code < 0:
		return lost(code, "it was lost by the container engine")
	case exit.EngineErr:
		return lost(code, "it was ended by the container engine")
	case exit.Code > 128:
		how = fmt.Sprintf("it was ended by signal %d (exit code %d)", exit.Code-128, exit.Code)
	}
	return picasso.Errorf(code, "%s%s", how, more)
}

// lost is the error of a call whose sandbox the host did not keep: nothing is
// lost with one that could not be started.
func lost(code picasso.Code, how string) *picasso.Error {
	if code != picasso.CodeSandboxFailed {
		return picasso.Errorf(picasso.CodeHostLost, "the sandbox has gone: %s", how)
	}
	return picasso.Errorf(picasso.CodeUnavailable, "the sandbox was not started: %s", how).WithRetryAfter(time.Second)
}

// exitCode returns the code for the record; nil when it is not known.
func exitCode(exit sandbox.Exit) *int {
	if exit.Code < 0 {
		return nil
	}
	return &exit.Code
}

// tailBytes is how much of a log goes into an error.
const tailBytes = 300

// tail returns the end of the log on one line, as a part of a sentence.
func tail(log *ring.Log) string {
	end, _ := log.Since(max(0, log.End()-tailBytes))
	text := excerpt(end)
	if text == "" {
		return ""
	}
	return "; its log ends: " + text
}

// excerpt makes a line that can be shown to people of foreign bytes: controls
// and what is not UTF-8 become spaces, runs of spaces one.
func excerpt(b []byte) string {
	clean := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b), " "))
	return strings.Join(strings.Fields(clean), " ")
}

// readExcerpt returns the beginning of a function's own error message.
func readExcerpt(r io.Reader) string {
	b, _ := io.ReadAll(io.LimitReader(r, tailBytes)) // what there is must do
	return excerpt(b)
}
