package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/policy"
	"github.com/picasso-faas/picasso/triggers/hook"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// kit is a server on the real store and the real policy, with the engine of
// apitest; every answer of it is checked against openapi.yaml.
type kit struct {
	*apitest.Server
	t      testing.TB
	engine *apitest.Engine
	store  *db.Store
	trusts *apitest.Delegator
}

// tokens is an Authenticator that wants a token, and otherwise believes the
// headers as keystone.NoAuth does, and who the user is. The real Keystone is in the tests of package keystone.
type tokens struct{ keystone.NoAuth }

func (a tokens) Authenticate(r *http.Request) (*picasso.Identity, error) {
	if r.Header.Get("X-Auth-Token") == "" {
		return nil, picasso.Errorf(picasso.CodeUnauthenticated, "the request has no X-Auth-Token")
	}
	id, err := a.NoAuth.Authenticate(r)
	if user := r.Header.Get("X-User-Id"); err == nil && user != "" {
		id.UserID = user
	}
	return id, err
}

// setup starts a kit; options change its configuration.
func setup(t testing.TB, options ...func(*api.Config)) *kit {
	t.Helper()
	k := &kit{t: t, engine: &apitest.Engine{}, store: dbtest.SQLite(t), trusts: &apitest.Delegator{}}
	cfg := configOn(t, k.store, k.engine)
	cfg.Delegator = k.trusts
	for _, option := range options {
		option(&cfg)
	}
	k.Server = apitest.Start(t, cfg)
	k.HTTP.Transport = &checkingTransport{t: t, router: openapiRouter(t, k.URL), next: k.HTTP.Transport}
	return k
}

func configOn(t testing.TB, store *db.Store, engine picasso.Engine) api.Config {
	t.Helper()
	authorizer, err := policy.New(policy.Source{}, logrus.New())
	require.NoError(t, err)
	return api.Config{
		Authenticator: tokens{}, Authorizer: authorizer, Challenge: `Keystone uri="http://keystone.example.org"`,
		Apps: store, Functions: store, Executions: store, Logs: store, Queue: store, Triggers: store,
		Calendar: schedule.Calendar{}, Engine: engine,
		Trusts: store, Hosts: store, Usage: store, CheckNotification: match.Check,
		Hooks: hook.New(hook.Config{Queue: store, Functions: store, Now: time.Now, NewID: uuid.NewString}),
	}
}

// as sends a request of a project with a role.
func (k *kit) as(project, role, method, path, body string, headers ...string) apitest.Answer {
	k.t.Helper()
	headers = append(headers, "X-Auth-Token", "secret-token", "X-Project-Id", project, "X-Roles", role)
	return k.Do(method, path, body, headers...)
}

// member sends a request of a member of project alpha and wants the status.
func (k *kit) member(status int, method, path, body string, headers ...string) apitest.Answer {
	k.t.Helper()
	answer := k.as("alpha", "member,reader", method, path, body, headers...)
	require.Equal(k.t, status, answer.StatusCode, "%s", answer.Text)
	return answer
}

// function creates a function in project alpha and returns its id.
func (k *kit) function(body string) string {
	k.t.Helper()
	return k.member(201, "POST", "/v2/functions", body).JSON(k.t)["id"].(string)
}

// errorCode is the code in the body of an error.
func errorCode(t testing.TB, a apitest.Answer) string {
	t.Helper()
	item := a.JSON(t)["errors"].([]any)[0].(map[string]any)
	require.EqualValues(t, a.StatusCode, item["status"])
	require.Equal(t, a.Header.Get("X-Openstack-Request-Id"), item["request_id"])
	return strings.TrimPrefix(item["code"].(string), "functions.")
}

func errorDetail(t testing.TB, a apitest.Answer) string {
	t.Helper()
	return a.JSON(t)["errors"].([]any)[0].(map[string]any)["detail"].(string)
}

// checkingTransport checks answers against openapi.yaml; what is in those of
// functions, and in files, is not described there.
type checkingTransport struct {
	t      testing.TB
	router routers.Router
	next   http.RoundTripper
}

func (c *checkingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil || strings.HasPrefix(r.URL.Path, "/f/") || strings.HasPrefix(r.URL.Path, "/docs") || strings.HasSuffix(r.URL.Path, "/invoke") {
		return response, err
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil { // 404 and 405
		return response, nil //nolint:nilerr // they have no route to be held against
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: response.StatusCode, Header: response.Header,
		Body:    io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		c.t.Errorf("%s %s: answer is not as in openapi.yaml: %v\n%s", r.Method, r.URL, err, body)
	}
	return response, nil
}

// openapiDoc is openapi.yaml, which takes longer to parse than most tests do.
var openapiDoc = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromFile("openapi.yaml") })

func openapiRouter(t testing.TB, url string) routers.Router {
	t.Helper()
	parsed, err := openapiDoc()
	require.NoError(t, err)
	doc := *parsed
	doc.Servers = openapi3.Servers{{URL: url}}
	router, err := gorillamux.NewRouter(&doc)
	require.NoError(t, err)
	return router
}
