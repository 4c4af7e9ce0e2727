package rpc

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// BenchmarkWait is what a call costs that has to hear of its sandbox.
func BenchmarkWait(b *testing.B) {
	handler := NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		call.Progress(picasso.ProgressWaiting)
		call.Progress(picasso.ProgressTaken)
		return picasso.Outcome{HTTPStatus: http.StatusOK}
	}}, testKey, ServerOptions{}, discard())
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnContext = handler.ConnContext
	server.Start()
	defer server.Close()
	client, err := NewClient(Endpoint{URL: server.URL, Key: testKey}, discard())
	require.NoError(b, err)
	defer client.Close()
	for b.Loop() {
		if out := client.Invoke(b.Context(), newCall("hi"), httptest.NewRecorder()); out.Err != nil {
			b.Fatal(out.Err)
		}
	}
}

// BenchmarkHop is what the way to an engine and back costs, without and with
// credentials.
func BenchmarkHop(b *testing.B) {
	server := httptest.NewServer(NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		_, _ = io.Copy(w, call.Body)
		return picasso.Outcome{HTTPStatus: http.StatusOK}
	}}, testKey, ServerOptions{}, discard()))
	defer server.Close()
	client, err := NewClient(Endpoint{URL: server.URL, Key: testKey}, discard())
	require.NoError(b, err)
	defer client.Close()
	for name, credentials := range map[string]*picasso.Credentials{"without": nil, "with": {
		Token: strings.Repeat("gAAAA-_", 36), AuthURL: "http://keystone/v3", Endpoints: map[string]string{"object-store": "http://swift/v1/AUTH_p"},
	}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call := newCall("hi")
				call.Credentials = credentials
				if out := client.Invoke(b.Context(), call, httptest.NewRecorder()); out.Err != nil {
					b.Fatal(out.Err)
				}
			}
		})
	}
}
