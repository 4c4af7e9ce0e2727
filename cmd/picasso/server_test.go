package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a real server does only at a bad moment.

// against runs a command line against a server that answers as the handler does.
func against(t *testing.T, handler http.HandlerFunc, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	return picassoRun(t, "", map[string]string{"OS_AUTH_TYPE": "none", "OS_ENDPOINT": server.URL}, args...)
}

func TestRedriveOfManyFixesTheEndOfTheRange(t *testing.T) {
	var asked []map[string]any
	out, stderr, status := against(t, func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		asked = append(asked, body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, []string{`{"executions": ["a", "b"], "more": true}`, `{"executions": ["c"], "more": false}`}[len(asked)-1])
	}, "execution", "redrive", "--function", "f", "--since", "2026-01-31T08:00:00Z", "-f", "value")
	require.Equal(t, exitOK, status, stderr)
	assert.Equal(t, "a\nb\nc\n", out)
	require.Len(t, asked, 2)
	assert.Equal(t, asked[0], asked[1])
	assert.Equal(t, "2026-01-31T08:00:00Z", asked[0]["since"])
	assert.NotEmpty(t, asked[0]["until"], "what fails again is not taken again")
}

func TestRedriveTellsWhatItDidBeforeAnError(t *testing.T) {
	asked := 0
	out, stderr, status := against(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"executions": ["a"], "more": true}`)
	}, "execution", "redrive", "--function", "f", "-f", "value")
	assert.Equal(t, exitFailure, status)
	assert.Equal(t, "a\n", out)
	assert.Equal(t, "Service Unavailable (HTTP 503)\n", stderr)
}

func TestLogThatEndsBeforeItsExecution(t *testing.T) {
	out, stderr, status := against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/executions/x/log" {
			_, _ = io.WriteString(w, "half of it\n")
			return
		}
		_, _ = io.WriteString(w, `{"status": "running"}`)
	}, "execution", "log", "show", "x", "--follow")
	assert.Equal(t, exitFailure, status)
	assert.Equal(t, "half of it\n", out)
	assert.Equal(t, "the server stopped sending the log, but the execution is still running: ask again\n", stderr)
}
