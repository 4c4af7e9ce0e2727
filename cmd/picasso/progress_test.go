package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
)

// TestProgress has a server that goes on when the line is there that says what it is waited for.
func TestProgress(t *testing.T) {
	for want, args := range map[string][]string{
		"execution x is running … 1 s": {"function", "invoke", "f", "-d", "x", "--async", "--wait", "-f", "value", "-c", "status"},
		"have to pull an image … 1 s":  {"function", "create", "f", "--image", "i", "-f", "value", "-c", "name"},
	} {
		var shown launchtest.Output
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; strings.HasSuffix(r.URL.Path, "/invoke") {
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, `{"id": "x", "status": "queued"}`)
				return
			}
			if asked == 2 {
				_, _ = io.WriteString(w, `{"id": "x", "status": "running"}`)
				return
			}
			assert.Eventually(t, func() bool { return strings.Contains(shown.String(), want) }, 30*time.Second, time.Millisecond, want)
			_, _ = io.WriteString(w, `{"id": "x", "status": "succeeded", "name": "f"}`)
		}))
		var out strings.Builder
		status := run(t.Context(), args, terminal{
			in: os.Stdin, out: &out, err: &shown, watched: true, now: time.Now,
			env: func(name string) string {
				return map[string]string{"OS_AUTH_TYPE": "none", "OS_ENDPOINT": server.URL}[name]
			},
		})
		server.Close()
		require.Equal(t, exitOK, status, shown.String())
		assert.Contains(t, []string{"succeeded\n", "f\n"}, out.String())
		assert.True(t, strings.HasSuffix(shown.String(), "\r\x1b[K"), "%q", shown.String())
	}
}

// TestCompletionScripts has the real bash read what is made for it.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, stderr, status := picassoRun(t, "", nil, "completion", shell)
		require.Equal(t, exitOK, status, stderr)
		assert.Contains(t, script, "__complete", shell)
		if shell != "bash" {
			continue
		}
		check := exec.Command("bash", "-n")
		check.Stdin = strings.NewReader(script)
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
