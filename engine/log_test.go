package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
)

// chatty logs a line for every call, then one each time it is told to.
func chatty(more <-chan string) map[string]enginetest.Program {
	say := func(log io.Writer) {
		fmt.Fprintln(log, "begun")
		for line := range more {
			if line == "end" {
				return
			}
			fmt.Fprintln(log, line)
		}
	}
	handler := func(log io.Writer) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "an answer that begins early")
			_ = http.NewResponseController(w).Flush()
			say(log)
		}
	}
	return map[string]enginetest.Program{
		"fn": func(ctx context.Context, in enginetest.Inside) int { return fnProgram(handler(in.Stderr))(ctx, in) },
		"web": func(ctx context.Context, in enginetest.Inside) int {
			return serveUntil(ctx, in.Port, handler(in.Stderr))
		},
		"stdio": func(_ context.Context, in enginetest.Inside) int { say(in.Stderr); return 0 },
	}
}

func TestLogWhileItIsWritten(t *testing.T) { onBoth(t, testLogWhileItIsWritten) }

func testLogWhileItIsWritten(t *testing.T, start starter) {
	more := make(chan string)
	e := start(t, chatty(more))
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio} {
		fn := localFunction(contract, string(contract))
		for range 2 {
			var live enginetest.Buffer
			call := callOf(fn, "")
			call.Log = &live
			out := invoked(e, call)
			want := "begun\n"
			for _, line := range []string{"", "one", "two"} {
				if line != "" {
					more <- line
					want += line + "\n"
				}
				require.Eventually(t, func() bool { return live.String() == want }, patience, time.Millisecond, "%s %q", contract, want)
			}
			more <- "three"
			more <- "end"
			o := outcome(t, out)
			require.Nil(t, o.Err, "%v", o.Err)
			assert.Equal(t, want+"three\n", string(o.Log), contract)
			assert.Equal(t, string(o.Log), live.String(), contract)
		}
		silent := invoked(e, callOf(fn, ""))
		more <- "end"
		assert.Equal(t, "begun\n", string(outcome(t, silent).Log), contract)
	}
}

// TestLogThatIsTooLong: the reader has its beginning, the outcome its end.
func TestLogThatIsTooLong(t *testing.T) { onBoth(t, testLogThatIsTooLong) }

func testLogThatIsTooLong(t *testing.T, start starter) {
	more := make(chan string)
	e := start(t, chatty(more))
	var live enginetest.Buffer
	call := callOf(localFunction(picasso.ContractFn, "fn"), "")
	call.Log = &live
	out := invoked(e, call)
	require.Eventually(t, func() bool { return live.String() == "begun\n" }, patience, time.Millisecond)
	more <- strings.Repeat("x", 2<<20)
	more <- "end"
	o := outcome(t, out)
	require.Nil(t, o.Err, "%v", o.Err)
	assert.Equal(t, "begun\n", live.String())
	assert.Contains(t, string(o.Log[:60]), "bytes cut")
}

func TestStatusAndAttempt(t *testing.T) { onBoth(t, testStatusAndAttempt) }

func testStatusAndAttempt(t *testing.T, start starter) {
	var attempts []string
	handler := func(w http.ResponseWriter, r *http.Request) {
		attempts = append(attempts, r.Header.Values("Picasso-Attempt")...)
		w.Header().Set("Fn-Http-Status", "404")
		if r.URL.Path != "/call" {
			w.WriteHeader(http.StatusNotFound)
		}
	}
	e := start(t, map[string]enginetest.Program{
		"fn": fnProgram(handler),
		"web": func(ctx context.Context, in enginetest.Inside) int {
			return serveUntil(ctx, in.Port, http.HandlerFunc(handler))
		},
		"stdio": func(_ context.Context, in enginetest.Inside) int {
			attempts = append(attempts, in.Env["PICASSO_ATTEMPT"])
			return 0
		},
	})
	for _, tt := range []struct {
		contract     picasso.Contract
		answered, is int
	}{
		{picasso.ContractFn, 200, 404},
		{picasso.ContractWeb, 404, 404},
		{picasso.ContractStdio, 200, 200},
	} {
		attempts = nil
		for _, attempt := range []int{0, 1, 2, 25} {
			call := callOf(localFunction(tt.contract, string(tt.contract)), "")
			call.Attempt = attempt
			call.Header = http.Header{"Picasso-Attempt": {"99"}}
			w := httptest.NewRecorder()
			o := e.Invoke(t.Context(), call, w)
			require.Nil(t, o.Err, "%v", o.Err)
			assert.Equal(t, tt.answered, w.Code, tt.contract)
			assert.Equal(t, tt.is, o.HTTPStatus, tt.contract)
		}
		assert.Equal(t, []string{"1", "1", "2", "25"}, attempts, tt.contract)
	}
}
