package enginetest

import (
	"encoding/json"
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
)

// seen is what testfn's mode request reports.
type seen struct {
	Method  string      `json:"method"`
	Host    string      `json:"host"`
	URL     string      `json:"url"`
	Headers http.Header `json:"headers"`
	Body    string      `json:"body"`
}

func parseSeen(t *testing.T, w *httptest.ResponseRecorder) seen {
	t.Helper()
	var s seen
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s), w.Body.String())
	return s
}

func (s *engineSuite) gateway(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract)
		c := gatewayCall(fn, http.MethodPut, "/some//pa%2Fth?do=request&x=%20y", "the body")
		c.Header = http.Header{
			"X-Own": {"one", "two"}, "Content-Type": {"text/x-test"}, "Connection": {"x-hop, upgrade"},
			"X-Hop": {"1"}, "Upgrade": {"websocket"}, "Te": {"trailers"}, "Expect": {"100-continue"},
		}
		w, out := s.invoke(t, c)
		require.Nil(t, out.Err, "%s: %v", contract, out.Err)
		got := parseSeen(t, w)
		assert.Equal(t, http.MethodPut, got.Method, contract)
		assert.Contains(t, got.URL, "/some//pa%2Fth?do=request&x=%20y", contract)
		assert.Equal(t, "the body", got.Body)
		assert.Equal(t, []string{"text/x-test"}, got.Headers["Content-Type"])
		for _, name := range []string{"Connection", "X-Hop", "Upgrade", "Te", "Expect"} {
			assert.NotContains(t, got.Headers, name, contract)
		}
		for _, status := range []int{201, 204, 302, 404, 418, 500, 503} {
			w, out := s.invoke(t, gatewayCall(fn, http.MethodGet, fmt.Sprintf("/?do=status&arg=%d", status), ""))
			assert.Equal(t, status, w.Code, contract)
			assert.Equal(t, status, out.HTTPStatus)
			if status < 500 {
				assert.Nil(t, out.Err, "%v", out.Err)
			} else if assert.NotNil(t, out.Err) {
				assert.Equal(t, picasso.CodeFunctionFailed, out.Err.Code)
				assert.True(t, out.OwnAccount, "the answer is complete")
			}
		}
		w, out = s.invoke(t, gatewayCall(fn, http.MethodGet, "/?do=headers&arg=50", ""))
		require.Nil(t, out.Err)
		assert.Greater(t, len(w.Header()), 49, "%s: %v", contract, w.Header())
	}
}

func (s *engineSuite) web(t *testing.T) {
	fn := s.function(t, picasso.ContractWeb)
	fn.Concurrency, fn.MaxSandboxes, fn.HealthPath = 10, 1, "/?do=echo"
	c := gatewayCall(fn, http.MethodGet, "/?do=request", "")
	w, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	got := parseSeen(t, w)
	assert.Equal(t, "faas.example:10001", got.Host)
	assert.Equal(t, []string{c.ExecutionID}, got.Headers["Picasso-Execution-Id"])
	assert.Equal(t, []string{"http"}, got.Headers["X-Forwarded-Proto"])
	assert.Equal(t, []string{"faas.example:10001"}, got.Headers["X-Forwarded-Host"])
	deadline, err := time.Parse(time.RFC3339, got.Headers.Get("Picasso-Deadline"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(30*time.Second), deadline, 15*time.Second)

	// Ten calls at once in one sandbox take hardly longer than one.
	outs := make(chan picasso.Outcome)
	for range 10 {
		go func() {
			outs <- s.engine.Invoke(t.Context(), gatewayCall(fn, http.MethodGet, "/?do=sleep&arg=2000", ""), httptest.NewRecorder())
		}()
	}
	require.Eventually(t, func() bool { return s.hostNow(t).CallsRunning == 10 }, patience, time.Millisecond)
	assert.Equal(t, 1, s.hostNow(t).Sandboxes)
	for range 10 {
		assert.Nil(t, (<-outs).Err)
	}
	w, out = s.invoke(t, gatewayCall(fn, http.MethodHead, "/?do=big&arg=1000", ""))
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Equal(t, "1000", w.Header().Get("Content-Length"))
	assert.Zero(t, out.OutputBytes)
}

func (s *engineSuite) environment(t *testing.T) {
	for contract, platform := range map[picasso.Contract]string{
		picasso.ContractFn: "FN_FORMAT", picasso.ContractWeb: "PORT", picasso.ContractStdio: "METHOD",
	} {
		fn := s.function(t, contract, "env")
		fn.AppConfig = map[string]string{"FROM": "app", "APP": "app"}
		fn.Config = map[string]string{"FROM": "function", platform: "mine", "WITH_SPACE": " a=b "}
		env := strings.Split(s.answer(t, fn, ""), "\n")
		assert.Subset(t, env, []string{"FROM=function", "APP=app", "WITH_SPACE= a=b "}, contract)
		assert.NotContains(t, env, platform+"=mine", "the platform's names win")
		if contract == picasso.ContractFn {
			assert.Subset(t, env, []string{
				"FN_FORMAT=http-stream", "FN_LISTENER=unix:/tmp/iofs/lsnr.sock", "FN_TYPE=sync", "FN_MEMORY=64", "FN_TMPSIZE=8",
				"FN_ID=" + fn.ID, "FN_FN_ID=" + fn.ID, "FN_NAME=f", "FN_FN_NAME=f", "FN_APP_ID=" + fn.AppID, "FN_APP_NAME=default",
			})
		}
	}
}

func (s *engineSuite) stdio(t *testing.T) {
	fn := s.function(t, picasso.ContractStdio)
	fn.ImageDigest = s.debian
	assert.Equal(t, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4  -\n", s.answer(t, fn, "hi"))

	shell := func(script string) *picasso.Function {
		fn := s.function(t, picasso.ContractStdio, "sh", "-c", script)
		fn.ImageDigest, fn.TimeoutS = s.debian, 5
		return fn
	}
	c := invokeOf(shell("env; echo to the log >&2"), "")
	c.Header = http.Header{"X-Two": {"a", "b"}, "Authorization": {"secret"}, "Cookie": {"secret"}}
	w, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Subset(t, strings.Split(w.Body.String(), "\n"), []string{
		"METHOD=POST", "REQUEST_URL=" + c.URL, "PICASSO_EXECUTION_ID=" + c.ExecutionID, "HEADER_X_TWO=a b",
	})
	assert.NotContains(t, w.Body.String(), "secret")
	assert.Equal(t, "to the log\n", string(out.Log))
	assert.Positive(t, out.ColdStart)
	if assert.NotNil(t, out.ExitCode) {
		assert.Zero(t, *out.ExitCode)
	}

	w, out = s.invoke(t, invokeOf(shell("echo half; echo why >&2; exit 7"), ""))
	require.NotNil(t, out.Err)
	assert.Equal(t, picasso.CodeFunctionFailed, out.Err.Code)
	assert.Contains(t, out.Err.Detail, "exit code 7; its log ends: why")
	assert.Zero(t, w.Body.Len(), "nothing is answered before the exit code is known")

	assert.Equal(t, "done\n", s.answer(t, shell("head -c 1 >/dev/null; echo done"), strings.Repeat("x", 4<<20)), "input that is not read")

	_, out = s.invoke(t, invokeOf(shell("sleep 60"), ""))
	require.NotNil(t, out.Err)
	assert.Equal(t, picasso.CodeTimedOut, out.Err.Code)

	missing := s.function(t, picasso.ContractStdio, "/no/such/command")
	missing.ImageDigest = s.debian
	_, out = s.invoke(t, invokeOf(missing, ""))
	require.NotNil(t, out.Err)
	assert.Equal(t, picasso.CodeSandboxFailed, out.Err.Code, "%v", out.Err)
}

// logs: output comes another way than the answer. On a loaded host it can be
// later than an engine waits for it, which must be the exception.
func (s *engineSuite) logs(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract, "noisy-start", "5")
		lines := func(ask string) int {
			_, out := s.invoke(t, invokeOf(fn, ask))
			require.Nil(t, out.Err, "%v", out.Err)
			return strings.Count(string(out.Log), "\n")
		}
		first := lines("log 2")
		assert.GreaterOrEqual(t, first, 5, "the log of a start is the first call's")
		assert.LessOrEqual(t, first, 7)
		require.Eventually(t, func() bool {
			return lines("log 2") == 2 && lines("log-out 3") == 3 && lines("echo\nsilent") == 0 && lines("log 1") == 1
		}, patience, time.Millisecond)
		require.Eventually(t, func() bool {
			_, long := s.invoke(t, invokeOf(fn, "line 3000000"))
			require.Nil(t, long.Err, "%v", long.Err)
			assert.LessOrEqual(t, len(long.Log), 1<<20)
			return len(long.Log) > 1<<19 && strings.Contains(string(long.Log[:60]), "bytes cut")
		}, patience, time.Millisecond)
	}
}

// duplex talks with a function that answers while it is being asked, and with one that
// begins to before it was asked anything.
func (s *engineSuite) duplex(t *testing.T) {
	s.converse(t, "echo", "ping")
	s.converse(t, "greet", "")
}

func (s *engineSuite) converse(t *testing.T, mode, opening string) {
	fn := s.function(t, picasso.ContractWeb, mode)
	source, feed := io.Pipe()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := gatewayCall(fn, http.MethodPost, "/", "")
		c.Body, c.ContentLength = r.Body, -1
		_ = http.NewResponseController(w).EnableFullDuplex()
		out := s.engine.Invoke(r.Context(), c, w)
		assert.Nil(t, out.Err, "%v", out.Err)
	}))
	defer server.Close()
	say := func(text string) { _, _ = io.WriteString(feed, text) }
	go say(opening)
	resp, err := http.Post(server.URL, "text/plain", source)
	require.NoError(t, err)
	defer resp.Body.Close()
	for _, said := range []string{opening, "ping", "ping"} {
		got := make([]byte, len(said))
		_, err := io.ReadFull(resp.Body, got)
		require.NoError(t, err)
		assert.Equal(t, said, string(got))
		go say("ping")
	}
	feed.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	assert.NoError(t, err)
}
