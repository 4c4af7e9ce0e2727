package rpc

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// BenchmarkWait is what a call costs that has to wait for a sandbox: for so short that
// nobody is told, and for so long that its client hears of it.
func BenchmarkWait(b *testing.B) {
	for name, after := range map[string]time.Duration{"short": time.Hour, "told": 0} {
		b.Run(name, func(b *testing.B) {
			told := make(chan picasso.Progress, 2)
			handler := NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
				call.Progress(picasso.ProgressWaiting)
				if after == 0 {
					<-told
				}
				call.Progress(picasso.ProgressTaken)
				return picasso.Outcome{HTTPStatus: http.StatusOK}
			}}, testKey, ServerOptions{}, discard())
			handler.waitAfter = after
			client, _ := connect(b, handler)
			for b.Loop() {
				call := newCall("hi")
				call.Progress = func(p picasso.Progress) { told <- p }
				if out := client.Invoke(b.Context(), call, httptest.NewRecorder()); out.Err != nil {
					b.Fatal(out.Err)
				}
				for len(told) > 0 {
					<-told
				}
			}
		})
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
