package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// caller is somebody who calls the API: the headers that say who, and where.
type caller struct {
	t      testing.TB
	url    string
	header http.Header
	client *http.Client
}

// answer is a response, read to its end.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// problem is the error body of the API.
type problem struct {
	Errors []struct{ Code, Title, Detail, RequestID string }
}

// project returns a caller in the project with all roles, for noauth.
func (s *stack) project(name string, roles ...string) *caller {
	h := http.Header{"X-Project-Id": {name}}
	if len(roles) > 0 {
		h.Set("X-Roles", strings.Join(roles, ","))
	}
	return &caller{t: s.t, url: s.url, header: h, client: s.client}
}

// withToken returns a caller with a Keystone token; "" has none.
func (s *stack) withToken(token string) *caller {
	h := http.Header{}
	if token != "" {
		h.Set("X-Auth-Token", token)
	}
	return &caller{t: s.t, url: s.url, header: h, client: s.client}
}

// in returns the same caller for a part of the test.
func (c *caller) in(t testing.TB) *caller {
	other := *c
	other.t = t
	return &other
}

// try sends a request and returns the answer or the error of the connection.
func (c *caller) try(method, path string, body io.Reader, edit ...func(*http.Request)) (*answer, error) {
	req, err := http.NewRequest(method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, c.header)
	for _, f := range edit {
		f(req)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return &answer{Status: resp.StatusCode, Header: resp.Header, Body: data}, err
}

var httpClient = &http.Client{Timeout: 3 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// do is try for requests whose connection must hold.
func (c *caller) do(method, path string, body io.Reader, edit ...func(*http.Request)) *answer {
	c.t.Helper()
	a, err := c.try(method, path, body, edit...)
	require.NoError(c.t, err, "%s %s", method, path)
	return a
}

// json sends v and wants the status; the answer is decoded into a map.
func (c *caller) json(method, path string, v any, status int) map[string]any {
	c.t.Helper()
	var body io.Reader
	if v != nil {
		data, err := json.Marshal(v)
		require.NoError(c.t, err)
		body = bytes.NewReader(data)
	}
	a := c.do(method, path, body, asJSON)
	require.Equal(c.t, status, a.Status, "%s %s: %s", method, path, a.Body)
	out := map[string]any{}
	if len(a.Body) > 0 {
		require.NoError(c.t, json.Unmarshal(a.Body, &out))
	}
	return out
}

// post sends v, whatever comes of it.
func (c *caller) post(path string, v any) *answer {
	c.t.Helper()
	data, err := json.Marshal(v)
	require.NoError(c.t, err)
	return c.do(http.MethodPost, path, bytes.NewReader(data), asJSON)
}

func asJSON(r *http.Request) { r.Header.Set("Content-Type", "application/json") }

// create makes a function and returns its id.
func (c *caller) create(spec map[string]any) string {
	c.t.Helper()
	return c.json(http.MethodPost, "/v2/functions", spec, http.StatusCreated)["id"].(string)
}

// invoke calls a function with a body.
func (c *caller) invoke(function, body string) *answer {
	c.t.Helper()
	return c.do(http.MethodPost, "/v2/functions/"+function+"/invoke", strings.NewReader(body))
}

// log waits for the record of the execution and returns its log.
func (c *caller) log(executionID string) string {
	c.t.Helper()
	return string(c.recorded("/v2/executions/" + executionID + "/log").Body)
}

// execution waits for the record of an answer and returns it.
func (c *caller) execution(a *answer) map[string]any {
	c.t.Helper()
	return c.recorded("/v2/executions/" + a.Header.Get("Picasso-Execution-Id")).object(c.t)
}

// recorded gets what is written behind the answer.
func (c *caller) recorded(path string) *answer {
	c.t.Helper()
	var a *answer
	require.Eventually(c.t, func() bool {
		a = c.do(http.MethodGet, path, nil)
		return a.Status == http.StatusOK
	}, waitLong, 20*time.Millisecond, path)
	return a
}

// object decodes an answer.
func (a *answer) object(t testing.TB) map[string]any {
	t.Helper()
	out := map[string]any{}
	require.NoError(t, json.Unmarshal(a.Body, &out), "%s", a.Body)
	return out
}

// problem decodes the error an answer carries.
func (a *answer) problem(t testing.TB) (code, title, detail string) {
	t.Helper()
	var p problem
	require.NoError(t, json.Unmarshal(a.Body, &p), "%d %s", a.Status, a.Body)
	require.Len(t, p.Errors, 1)
	return strings.TrimPrefix(p.Errors[0].Code, "functions."), p.Errors[0].Title, p.Errors[0].Detail
}

// wantProblem checks status and code, and that title and detail hold the texts.
func wantProblem(t testing.TB, a *answer, status int, code string, texts ...string) {
	t.Helper()
	require.Equal(t, status, a.Status, "%s", a.Body)
	gotCode, title, detail := a.problem(t)
	require.Equal(t, code, gotCode)
	for _, text := range texts {
		require.Contains(t, title+": "+detail, text)
	}
}
