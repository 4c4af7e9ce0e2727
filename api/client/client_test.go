package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/triggers/hook"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// allowAll is a policy without rules.
type allowAll struct{}

func (allowAll) Authorize(string, *picasso.Identity, picasso.Target) error { return nil }

// connect starts a real API in front of the engine and returns a client of it.
func connect(t testing.TB, engine *apitest.Engine, change func(*client.Auth)) *client.Client {
	t.Helper()
	c, _ := connectTo(t, engine, change)
	return c
}

// connectTo also returns the store behind the API.
func connectTo(t testing.TB, engine *apitest.Engine, change func(*client.Auth)) (*client.Client, *db.Store) {
	t.Helper()
	store := dbtest.SQLite(t)
	server := apitest.Start(t, api.Config{
		Authenticator: keystone.NoAuth{}, Authorizer: allowAll{},
		Apps: store, Functions: store, Executions: store, Logs: store, Queue: store, Triggers: store,
		Calendar: schedule.Calendar{}, Engine: engine, Delegator: &apitest.Delegator{}, Trusts: store, Hosts: store, Usage: store, CheckNotification: match.Check,
		Hooks: hook.New(hook.Config{Queue: store, Functions: store, Now: time.Now, NewID: uuid.NewString}),
	})
	auth := client.Auth{Endpoint: server.URL}
	if change != nil {
		change(&auth)
	}
	c, err := client.Connect(t.Context(), auth)
	require.NoError(t, err)
	return c, store
}

func TestApps(t *testing.T) {
	c := connect(t, &apitest.Engine{}, nil)
	ctx := t.Context()
	made, err := c.CreateApp(ctx, client.AppOpts{Name: new("shop"), Config: map[string]*string{"A": new("1"), "B": new("2")}})
	require.NoError(t, err)
	assert.Equal(t, "demo", made.ProjectID)
	changed, err := c.UpdateApp(ctx, "shop", client.AppOpts{Description: new("d"), Config: map[string]*string{"A": nil}, Enabled: new(false)})
	require.NoError(t, err)
	assert.False(t, changed.Enabled)
	assert.Equal(t, map[string]string{"B": "2"}, changed.Config)
	shown, err := c.App(ctx, made.ID)
	require.NoError(t, err)
	assert.Equal(t, changed, shown)
	require.NoError(t, c.DeleteApp(ctx, "shop"))
	_, err = c.App(ctx, "shop")
	_ = assertStatus(t, err, 404, picasso.CodeNotFound)
}

func assertStatus(t *testing.T, err error, status int, code picasso.Code) *client.Error {
	t.Helper()
	var e *client.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, status, e.Status)
	assert.Equal(t, code, e.Code)
	return e
}

func TestFunctions(t *testing.T) {
	c := connect(t, &apitest.Engine{}, nil)
	ctx := t.Context()
	made, err := c.CreateFunction(ctx, client.FunctionOpts{
		Name: new("f"), Image: new("i"), Contract: new(picasso.ContractWeb), Concurrency: new(5), Command: new([]string{"a b"}),
	})
	require.NoError(t, err)
	assert.Equal(t, 128, made.MemoryMB)
	assert.Equal(t, c.Endpoint+"f/"+made.ID, c.FunctionURL(made.ID))
	changed, err := c.UpdateFunction(ctx, "default:f", client.FunctionOpts{
		MemoryMB: new(256), Command: new([]string{}), Enabled: new(false), Priority: new(2),
		Retry: &client.RetryOpts{MaxAttempts: new(5)}, OnSuccess: new("report"), OnFailure: new("https://example.org/failed"),
	})
	require.NoError(t, err)
	assert.False(t, changed.Enabled)
	assert.Equal(t, picasso.Retry{MaxAttempts: 5, MinDelayS: 1, MaxDelayS: 300, MaxAgeS: 21600}, changed.Retry)
	assert.Equal(t, []any{2, "report", "https://example.org/failed"}, []any{changed.Priority, changed.OnSuccess, changed.OnFailure})
	assert.Equal(t, int64(2), changed.Revision)
	assert.Empty(t, changed.Command)
	assert.Equal(t, 5, changed.Concurrency)
	shown, err := c.Function(ctx, "f")
	require.NoError(t, err)
	assert.Equal(t, changed, shown)
	require.NoError(t, c.DeleteFunction(ctx, made.ID))
	_ = assertStatus(t, c.DeleteFunction(ctx, made.ID), 404, picasso.CodeNotFound)
}

func TestListsFollowPages(t *testing.T) {
	c := connect(t, &apitest.Engine{}, nil)
	ctx := t.Context()
	for i := range 7 {
		_, err := c.CreateApp(ctx, client.AppOpts{Name: new(fmt.Sprintf("app-%d", i))})
		require.NoError(t, err)
	}
	var names []string
	for app, err := range c.Apps(ctx, client.ListOpts{PageSize: 2, Sort: "name:desc"}) {
		require.NoError(t, err)
		names = append(names, app.Name)
	}
	assert.Equal(t, []string{"app-6", "app-5", "app-4", "app-3", "app-2", "app-1", "app-0"}, names)

	for app, err := range c.Apps(ctx, client.ListOpts{PageSize: 2, Filter: map[string]string{"name": "app-3", "nothing": ""}}) {
		require.NoError(t, err)
		assert.Equal(t, "app-3", app.Name)
	}
	for _, err := range c.Apps(ctx, client.ListOpts{PageSize: 2}) {
		require.NoError(t, err)
		break // what is not consumed is not fetched
	}
	for _, err := range c.Apps(ctx, client.ListOpts{Marker: "nobody"}) {
		_ = assertStatus(t, err, 400, picasso.CodeInvalid)
	}
}

func TestInvokeStreamsBothWays(t *testing.T) {
	c := connect(t, &apitest.Engine{OnInvoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		buffer := make([]byte, 16)
		for {
			n, err := call.Body.Read(buffer)
			_, _ = w.Write(buffer[:n])
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				return apitest.Succeeded(http.StatusOK)
			}
		}
	}}, nil)
	_, err := c.CreateFunction(t.Context(), client.FunctionOpts{Name: new("f"), Image: new("i")})
	require.NoError(t, err)
	in, out := io.Pipe()
	go func() { _, _ = io.WriteString(out, "ping") }()
	answer, err := c.Invoke(t.Context(), "f", client.Input{Body: in})
	require.NoError(t, err)
	defer answer.Body.Close()
	half := make([]byte, 4)
	_, err = io.ReadFull(answer.Body, half)
	require.NoError(t, err)
	assert.Equal(t, "ping", string(half), "it came while the input was still open")
	_, _ = io.WriteString(out, "pong")
	require.NoError(t, out.Close())
	rest, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "pong", string(rest))
	assert.True(t, picasso.IsID(answer.ExecutionID))
}

func TestExecutionsAndTheirLogs(t *testing.T) {
	c := connect(t, &apitest.Engine{OnInvoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		out := apitest.Failed(picasso.CodeFunctionDied, "exit code 3")
		out.Log = []byte("the end\n")
		return out
	}}, nil)
	ctx := t.Context()
	_, err := c.CreateFunction(ctx, client.FunctionOpts{Name: new("f"), Image: new("i")})
	require.NoError(t, err)
	_, err = c.Invoke(ctx, "f", client.Input{Body: strings.NewReader("x"), ContentType: "text/plain"})
	e := assertStatus(t, err, 502, picasso.CodeFunctionDied)
	assert.Equal(t, "exit code 3", e.Detail)
	assert.Contains(t, e.Error(), "Function died during the call: exit code 3 (HTTP 502) (Execution-ID: "+e.ExecutionID+") (Request-ID: req-")
	execution, err := c.Execution(ctx, e.ExecutionID)
	require.NoError(t, err)
	assert.Equal(t, picasso.StatusFailed, execution.Status)
	log, err := c.ExecutionLog(ctx, e.ExecutionID)
	require.NoError(t, err)
	defer log.Close()
	text, err := io.ReadAll(log)
	require.NoError(t, err)
	assert.Equal(t, "the end\n", string(text))
	for execution, err := range c.Executions(ctx, client.ListOpts{Filter: map[string]string{"status": "failed"}}) {
		require.NoError(t, err)
		assert.Equal(t, e.ExecutionID, execution.ID)
	}
	_, err = c.ExecutionLog(ctx, "00000000-0000-0000-0000-000000000000")
	_ = assertStatus(t, err, 404, picasso.CodeNotFound)
}

func TestProjectWithoutAuthentication(t *testing.T) {
	c := connect(t, &apitest.Engine{}, func(a *client.Auth) { a.ProjectID = "other" })
	app, err := c.CreateApp(t.Context(), client.AppOpts{Name: new("a")})
	require.NoError(t, err)
	assert.Equal(t, "other", app.ProjectID)
}

// answering is a client of a server that always answers the same.
func answering(t *testing.T, status int, header map[string]string, body string) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	c, err := client.Connect(t.Context(), client.Auth{Endpoint: server.URL})
	require.NoError(t, err)
	return c
}

func TestErrorsOfOthers(t *testing.T) {
	c := answering(t, 503, map[string]string{"Retry-After": "7"}, "<html>haproxy</html>")
	_, err := c.App(t.Context(), "a")
	e := assertStatus(t, err, 503, "")
	assert.Equal(t, 7*time.Second, e.RetryAfter)
	assert.Equal(t, "Service Unavailable (HTTP 503)", e.Error())
	_, err = c.Invoke(t.Context(), "f", client.Input{})
	_ = assertStatus(t, err, 503, "")
}

func TestStatusOfTheFunctionIsNoError(t *testing.T) {
	c := answering(t, 404, map[string]string{"Picasso-Function-Status": "404"}, "no such page")
	answer, err := c.Invoke(t.Context(), "f", client.Input{})
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, 404, answer.Status)
}

// redirecting is a function that answers with the status in its input, and the address.
func redirecting(address string) *apitest.Engine {
	return &apitest.Engine{OnInvoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		input, _ := io.ReadAll(call.Body)
		status, _ := strconv.Atoi(string(input))
		w.Header().Set("Location", address)
		w.WriteHeader(status)
		return apitest.Succeeded(status)
	}}
}

func TestARedirectOfAFunctionIsItsAnswer(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s with the token %q", r.Method, r.URL, r.Header.Get("X-Auth-Token"))
	}))
	defer elsewhere.Close()
	c := connect(t, redirecting(elsewhere.URL), nil)
	c.SetToken("secret")
	_, err := c.CreateFunction(t.Context(), client.FunctionOpts{Name: new("f"), Image: new("i")})
	require.NoError(t, err)
	for _, status := range []int{301, 302, 303, 307, 308} {
		answer, err := c.Invoke(t.Context(), "f", client.Input{Body: strings.NewReader(strconv.Itoa(status))})
		require.NoError(t, err)
		assert.NoError(t, answer.Body.Close())
		assert.Equal(t, status, answer.Status)
		assert.Equal(t, elsewhere.URL, answer.Header.Get("Location"))
	}
}

func TestARedirectOfAProxyIsNoAnswer(t *testing.T) {
	c := answering(t, 302, map[string]string{"Location": "http://elsewhere.invalid/"}, "")
	_, err := c.Invoke(t.Context(), "f", client.Input{})
	_ = assertStatus(t, err, 302, "")
}

func TestAnswersThatMakeNoSense(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON":        "nonsense",
		"items":           `{"apps": 7}`,
		"links":           `{"apps": [], "apps_links": 7}`,
		"link to itself":  `{"apps": [], "apps_links": [{"rel": "next", "href": "/v2/apps"}]}`,
		"link that is no": `{"apps": [], "apps_links": [{"rel": "next", "href": ":"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, 200, nil, body)
			var last error
			for _, err := range c.Apps(t.Context(), client.ListOpts{}) {
				last = err
			}
			assert.Error(t, last)
		})
	}
}

func TestLinksDoNotLeadElsewhere(t *testing.T) {
	pages := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pages++
		if pages == 1 {
			_, _ = io.WriteString(w, `{"apps": [{"name": "a"}], "apps_links": [{"rel": "next", "href": "http://elsewhere.invalid/x?marker=1"}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"apps": [{"name": "b"}]}`)
	}))
	defer server.Close()
	c, err := client.Connect(t.Context(), client.Auth{Endpoint: server.URL, Token: "secret"})
	require.NoError(t, err)
	var names string
	for app, err := range c.Apps(t.Context(), client.ListOpts{}) {
		require.NoError(t, err)
		names += app.Name
	}
	assert.Equal(t, "ab", names)
}

func TestConnectRefuses(t *testing.T) {
	for name, auth := range map[string]client.Auth{
		"unknown type": {Type: "v3kerberos"},
		"no endpoint":  {Type: "admin_token", Token: "t"},
		"no Keystone":  {Type: "password", Username: "u"},
		"certificates": {CACert: []byte("no PEM")},
		"no cloud":     {Cloud: "nowhere-to-be-found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.Connect(t.Context(), auth)
			assert.Error(t, err)
		})
	}
}

func TestNewFindsTheEndpointInTheCatalog(t *testing.T) {
	provider, err := openstack.AuthenticatedClient(t.Context(), keystonetest.Account(t, "alpha"))
	require.NoError(t, err)
	c, err := client.New(provider, gophercloud.EndpointOpts{Region: "RegionOne"})
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:10001/", c.Endpoint)
	_, err = client.New(provider, gophercloud.EndpointOpts{Region: "Nowhere"})
	assert.Error(t, err)
}

func TestApplicationCredentialsBringTheirProject(t *testing.T) {
	account := keystonetest.Account(t, "alpha")
	_, err := client.Connect(t.Context(), client.Auth{
		Type: "v3applicationcredential", URL: account.IdentityEndpoint, ProjectName: "ignored",
		ApplicationCredentialID: "unknown", ApplicationCredentialSecret: "wrong",
	})
	var e *client.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, []int{401, 404}, e.Status, "Keystone understood the request")
	assert.NotEmpty(t, e.Detail)
}
