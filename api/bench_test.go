package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/db/dbtest"
)

// BenchmarkCall measures what this package adds to a call: routing, authentication that
// hits, policy, cache, headers, record and metrics, without the network and
// without an engine.
func BenchmarkCall(b *testing.B) {
	two := []byte("ok")
	engine := &apitest.Engine{OnInvoke: func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(two)
		return picasso.Outcome{HTTPStatus: http.StatusOK}
	}}
	cfg := configOn(b, dbtest.SQLite(b), engine)
	cfg.Log = logrus.New()
	cfg.Authenticator = member{}
	cfg.Executions = nowhere{}
	server, err := api.New(cfg)
	require.NoError(b, err)
	defer func() { _ = server.Close(context.Background()) }()

	public, private := create(b, server, true), create(b, server, false)
	paths := []struct{ name, method, path string }{
		{"invoke by id", "POST", "/v2/functions/" + private + "/invoke"},
		{"invoke by name", "POST", "/v2/functions/private/invoke"},
		{"function URL, public", "GET", "/f/" + public},
		{"function URL, private", "GET", "/f/" + private + "/a/b?c=d"},
	}
	for _, p := range paths {
		b.Run(p.name, func(b *testing.B) {
			r := httptest.NewRequest(p.method, p.path, strings.NewReader("hi"))
			r.Header.Set("X-Auth-Token", "t")
			r.Header.Set("Content-Type", "text/plain")
			r.Header.Set("User-Agent", "bench")
			b.ReportAllocs()
			for b.Loop() {
				w := discard{header: http.Header{}}
				server.ServeHTTP(&w, r)
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
		})
	}
}

func create(b *testing.B, server *api.Server, public bool) string {
	name := map[bool]string{true: "public", false: "private"}[public]
	body := `{"name":"` + name + `","image":"i","public":` + map[bool]string{true: "true", false: "false"}[public] + `}`
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest("POST", "/v2/functions", strings.NewReader(body)))
	require.Equal(b, http.StatusCreated, w.Code, w.Body.String())
	return w.Header().Get("Location")[len("http://example.com/v2/functions/"):]
}

// member authenticates in no time, as a token that is cached.
type member struct{}

var benchIdentity = &picasso.Identity{UserID: "u", ProjectID: "alpha", Roles: []string{"member", "reader"}}

func (member) Authenticate(*http.Request) (*picasso.Identity, error) { return benchIdentity, nil }

// nowhere takes records.
type nowhere struct{ picasso.ExecutionStore }

func (nowhere) RecordExecutions(context.Context, []picasso.Execution) error { return nil }

// discard is a ResponseWriter that costs nothing.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
