package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ask sends a call to mode do over a real connection.
func ask(t *testing.T, target, body string) (*http.Response, string, error) {
	t.Helper()
	all := modes()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { do(all, w, r) }))
	t.Cleanup(s.Close)
	answer, err := s.Client().Post(s.URL+target, "text/plain", strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	return answer, string(content), err
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		target, body string
		status       int
		want         string
	}{
		{"/", "echo\nline 1\nline 2", 200, "line 1\nline 2"},
		{"/?do=echo", "echo\nline", 200, "echo\nline"},
		{"/", "status 404", 404, "status 404"},
		{"/?do=status&arg=201", "", 201, "status 201"},
		{"/", "sleep 1", 200, "slept 1"},
		{"/", "busy 1", 200, "computed 1"},
		{"/", "early\nunread", 200, "early"},
		{"/", "big 70000", 200, strings.Repeat("x", 70000)},
		{"/", "chunked 70000", 200, strings.Repeat("x", 70000)},
		{"/", "drip 2 1", 200, "chunk 0\nchunk 1\n"},
		{"/", "until-close", 200, "until the end"},
		{"/", "interim", 200, "final"},
		{"/", "fdk-status 504", 504, "bad"},
		{"/", "open 3", 200, "3: enough"},
		{"/", "memory 2", 200, "held 2 MiB"},
		{"/", "connect 2", 200, "2: enough"},
		{"/", "dial 127.0.0.1:1", 200, "error: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"/", "get http://127.0.0.1:1/", 200, `error: Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused`},
		{"/", "ls /nonexistent", 200, "error: open /nonexistent: no such file or directory"},
		{"/", "unknown", 404, "no mode \"unknown\"\n"},
		{"/", "", 404, "no mode \"\"\n"},
	} {
		answer, body, err := ask(t, c.target, c.body)
		require.NoError(t, err, c.body)
		require.Equal(t, c.status, answer.StatusCode, c.body)
		require.Equal(t, c.want, body, c.body)
	}
}

func TestContains(t *testing.T) {
	t.Setenv("TESTFN_PROOF", "seen")
	for body, want := range map[string]string{
		"env":                   "TESTFN_PROOF=seen\n",
		"request\nbody":         `"body":"body"`,
		"cat /proc/self/status": "CapEff:",
		"ls /proc/self":         "- status\n",
		"id":                    " ",
		"listen 0":              "127.0.0.1/8",
	} {
		_, got, err := ask(t, "/", body)
		require.NoError(t, err, body)
		require.Contains(t, got, want, body)
	}
}

func TestBrokenAnswers(t *testing.T) {
	for _, mode := range []string{
		"garbage", "nothing", "half-header", "short", "two-lengths", "minus-length", "bad-chunk", "cut-chunk",
		"endless-header", "panic",
	} {
		_, _, err := ask(t, "/", mode)
		require.Error(t, err, mode)
	}
}

func TestHeaders(t *testing.T) {
	answer, _, err := ask(t, "/", "header 1000")
	require.NoError(t, err)
	require.Len(t, answer.Header.Get("X-Huge"), 1000)
	answer, _, err = ask(t, "/", "headers 20")
	require.NoError(t, err)
	require.Equal(t, "h", answer.Header.Get("X-Many-19"))
}

func TestCount(t *testing.T) {
	count := counter()
	var answers []string
	for range 2 {
		w := httptest.NewRecorder()
		count(w, nil, "")
		answers = append(answers, w.Body.String())
	}
	instance, _, _ := strings.Cut(answers[0], " ")
	require.Equal(t, []string{instance + " 1", instance + " 2"}, answers)
}

func TestSocketTricks(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "lsnr.sock")
	t.Setenv("FN_LISTENER", "unix:"+socket)
	_, body, err := ask(t, "/", "relink /etc/passwd")
	require.NoError(t, err)
	require.Equal(t, "relinked: <nil>", body)
	target, err := os.Readlink(socket)
	require.NoError(t, err)
	require.Equal(t, "/etc/passwd", target)
	_, body, err = ask(t, "/", "unlink")
	require.NoError(t, err)
	require.Equal(t, "unlinked: <nil>", body)
	require.NoFileExists(t, socket)
}

func TestRunRefusesUnknownModes(t *testing.T) {
	require.ErrorContains(t, run([]string{"dance", "tango"}), `no mode "dance"`)
}
