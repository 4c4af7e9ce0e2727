package enginetest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// stdioHTTP: one sandbox after another's call, bodies of every size, and
// nothing of one caller in what the next one sees.
func (s *engineSuite) stdioHTTP(t *testing.T) {
	fn := s.function(t, picasso.ContractStdioHTTP)
	fn.Config = map[string]string{"FN_FORMAT": "mine", "OWN": "config"}
	env := s.answer(t, fn, "env")
	assert.Subset(t, strings.Split(env, "\n"), []string{"FN_FORMAT=http", "OWN=config", "PICASSO_FUNCTION_NAME=f"})
	for n, want := range []string{"1", "2", "3"} {
		w, out := s.invoke(t, invokeOf(fn, "count"))
		require.Nil(t, out.Err, "%v", out.Err)
		assert.True(t, strings.HasSuffix(strings.TrimSpace(w.Body.String()), " "+want), "call %d: %s", n, w.Body)
		assert.Zero(t, out.ColdStart)
	}
	c := gatewayCall(fn, http.MethodPut, "/some/path?x=y", "request")
	c.Header = http.Header{"X-Own": {"one", "two"}, "Authorization": {"secret"}, "Picasso-Token": {"forged"}, "Content-Type": {"text/x"}}
	w, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	got := parseSeen(t, w)
	assert.Equal(t, "GET", got.Method, "as IronFunctions has it")
	for name, want := range map[string]string{
		"Method": "PUT", "Route": "/f", "Request_url": c.URL, "Header_x_own": "one two", "Header_content_type": "text/x",
		"Task-Id": c.ExecutionID, "Picasso-Execution-Id": c.ExecutionID, "Picasso-Attempt": "1", "Content-Length": "7",
	} {
		assert.Equal(t, []string{want}, got.Headers[name], name)
	}
	assert.NotContains(t, w.Body.String(), "secret")
	assert.NotContains(t, w.Body.String(), "forged")
	assert.NotContains(t, s.answer(t, fn, "env"), "one two", "no environment holds anything of a caller")

	w, out = s.invoke(t, invokeOf(fn, "status 503"))
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Equal(t, 200, w.Code, "status and header of the answer are ignored")
	assert.Equal(t, 200, out.HTTPStatus)

	require.Eventually(t, func() bool {
		_, out := s.invoke(t, invokeOf(fn, "log 2"))
		return out.Err == nil && strings.Count(string(out.Log), "\n") == 2
	}, patience, time.Millisecond, "standard error is the log")
	s.stdioHTTPBodies(t)
}

func (s *engineSuite) stdioHTTPBodies(t *testing.T) {
	fn := s.function(t, picasso.ContractStdioHTTP, "echo")
	for _, size := range []int{0, 2, 64<<10 + 1, 5 << 20} {
		body := strings.Repeat("\x00\xff\r\nlo", size/6+1)[:size]
		for _, length := range []int64{int64(size), -1} {
			c := invokeOf(fn, body)
			c.ContentLength = length
			w, out := s.invoke(t, c)
			require.Nil(t, out.Err, "%d: %v", size, out.Err)
			assert.True(t, w.Body.String() == body, "%d bytes: got %d", size, w.Body.Len())
			assert.EqualValues(t, size, out.InputBytes)
			assert.EqualValues(t, size, out.OutputBytes)
		}
	}
	c := invokeOf(fn, "")
	c.Body, c.ContentLength = http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(make([]byte, 100))), 99), -1
	_, out := s.invoke(t, c)
	require.NotNil(t, out.Err)
	assert.Equal(t, picasso.CodeTooLarge, out.Err.Code, "%v", out.Err)
	assert.Equal(t, "next", s.answer(t, fn, "next"))
}

// stdioHTTPBroken: a sandbox whose pipe is not where it should be serves nobody any more.
func (s *engineSuite) stdioHTTPBroken(t *testing.T) {
	t.Run("cancel", func(t *testing.T) { s.cancelOf(t, picasso.ContractStdioHTTP) }) // while no other sandbox is there
	fn := s.function(t, picasso.ContractStdioHTTP)
	fn.TimeoutS = 2
	for _, tt := range []struct {
		ask    string
		code   picasso.Code
		detail string
	}{
		{"sleep 60000", picasso.CodeTimedOut, "timeout_s"},
		{"crash 3", picasso.CodeFunctionDied, "exit code 3"},
		{"log-out 1", picasso.CodeFunctionFailed, "did not answer in HTTP"},
		{"big 7340032", picasso.CodeResponseTooLarge, "larger"},
	} {
		before := s.answer(t, fn, "count")
		_, out := s.invoke(t, invokeOf(fn, tt.ask))
		require.NotNil(t, out.Err, tt.ask)
		assert.Equal(t, tt.code, out.Err.Code, "%s: %v", tt.ask, out.Err)
		assert.Contains(t, out.Err.Detail, tt.detail, tt.ask)
		instance, _, _ := strings.Cut(before, " ")
		assert.NotContains(t, s.answer(t, fn, "count"), instance, "%s: another sandbox", tt.ask)
	}
	for script, detail := range map[string]string{
		"echo ready; cat": "without having been called",
		`read x; printf 'HTTP/1.1 200 OK\r\n\r\nhello'; cat`: "no Content-Length",
	} {
		fn := s.function(t, picasso.ContractStdioHTTP, "sh", "-c", script)
		fn.ImageDigest, fn.TimeoutS = s.debian, 5
		require.Eventually(t, func() bool {
			_, out := s.invoke(t, invokeOf(fn, ""))
			require.NotNil(t, out.Err, script)
			return strings.Contains(out.Err.Detail, detail)
		}, patience, time.Millisecond, script)
	}
}
