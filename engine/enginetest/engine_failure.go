package enginetest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func (s *engineSuite) failures(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract)
		fn.TimeoutS = 2
		for _, tt := range []struct {
			ask    string
			code   picasso.Code
			exit   int // -1: none
			detail string
		}{
			{"crash 3", picasso.CodeFunctionDied, 3, "exit code 3"},
			{"crash-unread 4", picasso.CodeFunctionDied, 4, "exit code 4"},
			{"crash-half 100000", picasso.CodeFunctionDied, 3, "exit code 3"},
			{"memory 500", picasso.CodeFunctionDied, 137, "memory"},
			{"panic", picasso.CodeFunctionFailed, -1, "closed the connection"},
			{"sleep 60000", picasso.CodeTimedOut, -1, "timeout_s"},
		} {
			_, out := s.invoke(t, invokeOf(fn, tt.ask))
			require.NotNil(t, out.Err, "%s %s", contract, tt.ask)
			assert.Equal(t, tt.code, out.Err.Code, "%s %s: %v", contract, tt.ask, out.Err)
			assert.Contains(t, out.Err.Detail, tt.detail, "%s %s", contract, tt.ask)
			assert.Equal(t, tt.code.Title(), out.Err.Title)
			if tt.exit >= 0 && assert.NotNil(t, out.ExitCode, tt.ask) {
				assert.Equal(t, tt.exit, *out.ExitCode)
			}
			assert.Equal(t, "next", s.answer(t, fn, "echo\nnext"), "after %s %s", contract, tt.ask)
		}
	}
}

func (s *engineSuite) broken(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract)
		for _, ask := range []string{
			"garbage", "nothing", "half-header", "short", "two-lengths", "minus-length", "bad-chunk", "cut-chunk", "smuggle",
			"header 100000", "endless-header",
		} {
			_, out := s.invoke(t, invokeOf(fn, ask))
			require.NotNil(t, out.Err, "%s %s", contract, ask)
			assert.Equal(t, picasso.CodeFunctionFailed, out.Err.Code, "%s %s: %v", contract, ask, out.Err)
			assert.False(t, out.OwnAccount, "%s %s", contract, ask)
			assert.Equal(t, "next", s.answer(t, fn, "echo\nnext"), "after %s %s", contract, ask)
		}
		for ask, want := range map[string]string{
			"until-close": "until the end", "interim": "final", "bare-newlines": "hello", "long": "long ",
		} {
			fn := s.function(t, contract) // of its own: they close the connection without a word
			assert.Equal(t, want, s.answer(t, fn, ask), ask)
		}
	}
	fn := s.function(t, picasso.ContractFn)
	for ask, code := range map[string]picasso.Code{
		"fdk-status 502": picasso.CodeFunctionFailed, "fdk-status 504": picasso.CodeTimedOut, "fdk-status 404": picasso.CodeFunctionFailed,
	} {
		w, out := s.invoke(t, invokeOf(fn, ask))
		require.NotNil(t, out.Err, ask)
		assert.Equal(t, code, out.Err.Code, ask)
		assert.Zero(t, w.Body.Len(), "nothing is answered yet")
	}
}

func (s *engineSuite) failedStarts(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		for _, tt := range []struct {
			command string
			code    picasso.Code
			detail  string
		}{
			{"crash-start 3", picasso.CodeSandboxFailed, "exit code 3 before it took a call; its log ends: "},
			{"crash-start 0", picasso.CodeSandboxFailed, "exit code 0 before it took a call (is its contract really " + string(contract) + "?)"},
			{"never-ready", picasso.CodeNotReady, "was not ready"},
			{"stubborn", picasso.CodeNotReady, "was not ready"},
			{"socket-file", picasso.CodeSandboxFailed, "lsnr.sock"},
			{"socket-dir", picasso.CodeSandboxFailed, "lsnr.sock"},
			{"socket-link /var/run/docker.sock", picasso.CodeSandboxFailed, "lsnr.sock"},
			{"socket-link ../x", picasso.CodeSandboxFailed, "lsnr.sock"},
		} {
			if contract == picasso.ContractWeb && strings.HasPrefix(tt.command, "socket") {
				continue
			}
			fn := s.function(t, contract, strings.Fields(tt.command)...)
			w, out := s.invoke(t, invokeOf(fn, ""))
			require.NotNil(t, out.Err, tt.command)
			assert.Equal(t, tt.code, out.Err.Code, "%s: %v", tt.command, out.Err)
			assert.Contains(t, out.Err.Detail, tt.detail)
			assert.True(t, out.Started.IsZero(), "no sandbox took it")
			assert.Zero(t, w.Body.Len())
		}
	}
}

func (s *engineSuite) tooLarge(t *testing.T) {
	const over = "7340032" // 7 MiB; the limit is 6
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio} {
		fn := s.function(t, contract)
		for _, ask := range []string{"big " + over, "chunked " + over} {
			w, out := s.invoke(t, invokeOf(fn, ask))
			require.NotNil(t, out.Err, "%s %s", contract, ask)
			assert.Equal(t, picasso.CodeResponseTooLarge, out.Err.Code, "%s %s", contract, ask)
			if contract == picasso.ContractStdio || strings.HasPrefix(ask, "big") {
				assert.Zero(t, w.Body.Len(), "it is known before anything is sent")
			}
			assert.LessOrEqual(t, w.Body.Len(), 6<<20)
		}
		assert.Equal(t, "next", s.answer(t, fn, "echo\nnext"))
	}
}

func (s *engineSuite) badBody(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio} {
		fn := s.function(t, contract, "echo")
		for _, size := range []int64{100, 1 << 20} {
			for _, length := range []int64{size, -1} {
				c := invokeOf(fn, "")
				c.Body = http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(make([]byte, size))), size-1)
				c.ContentLength = length
				_, out := s.invoke(t, c)
				require.NotNil(t, out.Err)
				assert.Equal(t, picasso.CodeTooLarge, out.Err.Code, "%s %d: %v", contract, length, out.Err)

				c.Body = io.LimitReader(bytes.NewReader(make([]byte, size)), size/2)
				c.ContentLength = size
				_, out = s.invoke(t, c)
				require.NotNil(t, out.Err)
				assert.Equal(t, picasso.CodeInvalid, out.Err.Code, "%s: too short", contract)
			}
		}
		assert.Equal(t, "next", s.answer(t, fn, "next"))
	}
}
