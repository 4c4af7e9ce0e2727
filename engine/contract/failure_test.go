package contract

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/ring"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

func TestEnded(t *testing.T) {
	log := ring.New(1 << 10)
	_, _ = log.Write([]byte(strings.Repeat("x", 500) + "\n\x1b[31mTraceback:\tboom\xff\r\n"))
	silent := ring.New(1 << 10)
	for _, tt := range []struct {
		exit sandbox.Exit
		log  *ring.Log
		want string
	}{
		{sandbox.Exit{Code: 3}, silent, "it ended with exit code 3"},
		{sandbox.Exit{Code: 0}, silent, "it ended with exit code 0"},
		{sandbox.Exit{Code: 137}, silent, "it was ended by signal 9 (exit code 137)"},
		{sandbox.Exit{Code: 137, OutOfMem: true}, silent, "it ran out of memory (exit code 137)"},
		{sandbox.Exit{Code: 1}, log, "it ended with exit code 1; its log ends: " + strings.Repeat("x", 276) + " [31mTraceback: boom"},
	} {
		err := ended(picasso.CodeFunctionDied, tt.exit, tail(tt.log))
		assert.Equal(t, tt.want, err.Detail)
		assert.Equal(t, picasso.CodeFunctionDied, err.Code)
	}
	for _, exit := range []sandbox.Exit{{Code: -1}, {Code: -1, EngineErr: true}, {Code: 137, EngineErr: true}} {
		assert.Equal(t, picasso.CodeHostLost, ended(picasso.CodeFunctionDied, exit, tail(log)).Code)
		assert.Equal(t, picasso.CodeUnavailable, endedEarly(picasso.ContractFn, exit, log).Code)
	}
	assert.Nil(t, exitCode(sandbox.Exit{Code: -1}))
	assert.Equal(t, 5, *exitCode(sandbox.Exit{Code: 5}))
}

func TestEndedEarly(t *testing.T) {
	log := ring.New(1 << 10)
	_, _ = log.Write([]byte("hello"))
	for exit, want := range map[sandbox.Exit]string{
		{Code: 0}:                   "it ended with exit code 0 before it took a call (is its contract really web?); its log ends: hello",
		{Code: 3}:                   "it ended with exit code 3 before it took a call; its log ends: hello",
		{Code: 137, OutOfMem: true}: "it ran out of memory (exit code 137) before it took a call; its log ends: hello",
	} {
		err := endedEarly(picasso.ContractWeb, exit, log)
		assert.Equal(t, want, err.Detail)
		assert.Equal(t, picasso.CodeSandboxFailed, err.Code)
	}
}

func TestExchangeFailure(t *testing.T) {
	tooLarge := &http.MaxBytesError{Limit: 10}
	for _, tt := range []struct {
		err    error
		code   picasso.Code
		detail string
	}{
		{&h1.BodyError{Err: fmt.Errorf("reading: %w", tooLarge)}, picasso.CodeTooLarge, "body: is larger than 10 bytes"},
		{&h1.BodyError{Err: errors.New("lost")}, picasso.CodeInvalid, "body: could not be read to its end"},
		{&h1.BodyError{Err: picasso.Errorf(picasso.CodeTooLarge, "told")}, picasso.CodeTooLarge, "told"},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), picasso.CodeTimedOut, "timeout_s: the function ran longer than 7 s and was stopped"},
		{h1.ErrHeaderTooLarge, picasso.CodeFunctionFailed, "its response header is too large (more than 65536 bytes)"},
		{h1.ErrMalformed, picasso.CodeFunctionFailed, "it did not answer in HTTP"},
		{h1.ErrNotSent, picasso.CodeFunctionFailed, "it does not accept connections any more"},
		{errors.New("reset"), picasso.CodeFunctionFailed, "it closed the connection before its answer was complete"},
	} {
		got := exchangeFailure(tt.err, 7*time.Second)
		assert.Equal(t, tt.code, got.Code, tt.err.Error())
		assert.Equal(t, tt.detail, got.Detail)
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("plain\r\n\x1b[0m\xff\xfe日本"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range excerpt(b) {
			if r < ' ' || r == 0x7f || r == '\u2028' {
				t.Fatalf("%q got through", r)
			}
		}
	})
}
