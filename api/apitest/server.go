package apitest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api"
)

// Server is an API on a real listener, closed with the test.
type Server struct {
	URL  string
	API  *api.Server
	Log  *test.Hook // everything that was logged
	HTTP *http.Client
	t    testing.TB
}

// Start starts the server. A Config without Log gets one that is kept in Server.Log.
func Start(t testing.TB, cfg api.Config) *Server {
	t.Helper()
	s := &Server{t: t}
	if cfg.Log == nil {
		cfg.Log, s.Log = test.NewNullLogger()
	}
	handler, err := api.New(cfg)
	require.NoError(t, err)
	listener := httptest.NewServer(handler)
	s.URL, s.API, s.HTTP = listener.URL, handler, listener.Client()
	s.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		handler.Stop()
		listener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, handler.Close(ctx))
	})
	return s
}

// Answer is a whole response.
type Answer struct {
	*http.Response
	Text string // the body
}

// JSON is the body as an object; other bodies fail the test.
func (a Answer) JSON(t testing.TB) (object map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.Text), &object), "%s", a.Text)
	return object
}

// Do sends a request with pairs of header names and values, and reads the answer.
func (s *Server) Do(method, path, body string, headers ...string) Answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return s.Send(r)
}

// Send sends the request and reads the answer.
func (s *Server) Send(r *http.Request) Answer {
	s.t.Helper()
	response, err := s.HTTP.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return Answer{response, string(text)}
}
