package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
)

func TestInvoke(t *testing.T) {
	k := setup(t)
	var seen picasso.Call
	k.engine.OnInvoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		seen = *call
		outcome := apitest.Echo(ctx, call, w)
		outcome.Log = []byte("a line\n")
		return outcome
	}
	id := k.function(`{"name":"f","image":"i","config":{"A":"1"}}`)
	body := "\x00\xff bytes \r\n"
	a := k.member(200, "POST", "/v2/functions/f/invoke", body, "Content-Type", "application/x-thing", "X-Mine", "1",
		"Authorization", "Basic x", "Cookie", "c=1", "X-Service-Token", "s", "Connection", "X-Hop", "X-Hop", "1")
	assert.Equal(t, body, a.Text)
	assert.Equal(t, "application/x-thing", a.Header.Get("Content-Type"))
	assert.Equal(t, "200", a.Header.Get("Picasso-Function-Status"))
	assert.Equal(t, "functions 2.0", a.Header.Get("OpenStack-API-Version"))
	assert.Equal(t, seen.ExecutionID, a.Header.Get("Picasso-Execution-Id"))
	assert.Equal(t, seen.RequestID, a.Header.Get("X-Openstack-Request-Id"))

	assert.Equal(t, http.MethodPost, seen.Method)
	assert.Equal(t, "/", seen.Path)
	assert.Equal(t, k.URL+"/v2/functions/f/invoke", seen.URL)
	assert.EqualValues(t, len(body), seen.ContentLength)
	assert.False(t, seen.Gateway)
	assert.Equal(t, map[string]string{"A": "1"}, seen.Function.Config)
	assert.Equal(t, "1", seen.Header.Get("X-Mine"))
	for _, name := range []string{"X-Auth-Token", "X-Service-Token", "X-Project-Id", "X-Roles", "Authorization", "Cookie", "Connection", "X-Hop"} {
		assert.NotContains(t, seen.Header, name)
	}

	record := k.member(200, "GET", "/v2/executions/"+seen.ExecutionID, "").JSON(t)
	for field, want := range map[string]any{
		"status": "succeeded", "reason": "", "function_id": id, "function": "f", "app": "default", "project_id": "alpha",
		"revision": 1.0, "host": "host-1", "request_id": seen.RequestID, "http_status": 200.0, "run_ms": 2.0, "wait_ms": 0.5,
		"input_bytes": float64(len(body)), "output_bytes": float64(len(body)),
	} {
		assert.Equal(t, want, record[field], field)
	}
	log := k.member(200, "GET", "/v2/executions/"+seen.ExecutionID+"/log", "")
	assert.Equal(t, "a line\n", log.Text)
	assert.Equal(t, "text/plain; charset=utf-8", log.Header.Get("Content-Type"))
	k.member(404, "GET", "/v2/executions/"+id, "")
	k.member(404, "GET", "/v2/executions/"+id+"/log", "")
}

func TestPlatformErrorsOfCalls(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	cases := []struct {
		code       picasso.Code
		status     int
		recorded   string
		retryAfter string
	}{
		{picasso.CodeFunctionFailed, 502, "failed", ""},
		{picasso.CodeFunctionDied, 502, "failed", ""},
		{picasso.CodeSandboxFailed, 502, "failed", ""},
		{picasso.CodeResponseTooLarge, 502, "failed", ""},
		{picasso.CodeImageUnavailable, 400, "failed", ""},
		{picasso.CodeBusy, 503, "failed", "3"},
		{picasso.CodeUnavailable, 503, "failed", "3"},
		{picasso.CodeNotReady, 504, "failed", ""},
		{picasso.CodeWaitTimedOut, 504, "timed_out", ""},
		{picasso.CodeTimedOut, 504, "timed_out", ""},
		{picasso.CodeInternal, 500, "failed", ""},
	}
	for _, c := range cases {
		k.engine.OnInvoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			w.Header().Set("X-Left-Over", "1") // set, but the answer never began
			outcome := apitest.Failed(c.code, "because")
			outcome.Err.RetryAfter = 2100 * time.Millisecond
			return outcome
		}
		a := k.member(c.status, "POST", "/v2/functions/f/invoke", "x")
		assert.Equal(t, string(c.code), errorCode(t, a))
		assert.Equal(t, "because", errorDetail(t, a))
		assert.Equal(t, c.retryAfter, a.Header.Get("Retry-After"), c.code)
		assert.Empty(t, a.Header.Get("Picasso-Function-Status"))
		assert.Empty(t, a.Header.Get("X-Left-Over"))
		record := k.member(200, "GET", "/v2/executions/"+a.Header.Get("Picasso-Execution-Id"), "").JSON(t)
		assert.Equal(t, c.recorded, record["status"], c.code)
		assert.Equal(t, c.code.Title()+": because", record["reason"])
		assert.NotContains(t, record, "started_at")
	}
	assert.Len(t, k.member(200, "GET", "/v2/executions?status=timed_out", "").JSON(t)["executions"], 2)
	assert.Len(t, k.member(200, "GET", "/v2/executions?app=default&limit=3", "").JSON(t)["executions"], 3)
	assert.Empty(t, k.member(200, "GET", "/v2/executions?until=2020-01-01T00:00:00Z", "").JSON(t)["executions"])
	assert.Empty(t, k.member(200, "GET", "/v2/executions?since=2100-01-01T00:00:00%2B02:00", "").JSON(t)["executions"])
}

func TestBodiesOverTheLimit(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.MaxRequestBytes = 1000 })
	id := k.function(`{"name":"f","image":"i","public":true}`)
	called := false
	k.engine.OnInvoke = func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		called = true
		_, err := io.ReadAll(call.Body)
		var tooLarge *http.MaxBytesError
		if assert.ErrorAs(t, err, &tooLarge) {
			return apitest.Failed(picasso.CodeTooLarge, "body: is too long")
		}
		return apitest.Succeeded(200)
	}
	big := strings.Repeat("x", 1001)
	for _, path := range []string{"/v2/functions/f/invoke", "/f/" + id} {
		a := k.member(413, "POST", path, big)
		assert.Equal(t, "too_large", errorCode(t, a))
		assert.Equal(t, "body: is longer than 1000 bytes", errorDetail(t, a))
		assert.False(t, called, "refused before the engine")
	}
	r, err := http.NewRequest("POST", k.URL+"/f/"+id, io.MultiReader(strings.NewReader(big))) // chunked
	require.NoError(t, err)
	assert.Equal(t, "too_large", errorCode(t, k.Send(r)))
	assert.True(t, called)

	k.engine.OnInvoke = nil
	assert.Equal(t, big[:1000], k.member(200, "POST", "/v2/functions/f/invoke", big[:1000]).Text)
	assert.Empty(t, k.member(200, "POST", "/v2/functions/f/invoke", "").Text)
}

func TestAnswersThatBreakOff(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i","public":true}`)
	for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
		for _, code := range []picasso.Code{picasso.CodeFunctionDied, picasso.CodeFunctionFailed, picasso.CodeTimedOut} {
			k.engine.OnInvoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
				w.WriteHeader(status)
				_, _ = w.Write([]byte("half"))
				_ = http.NewResponseController(w).Flush()
				outcome := apitest.Failed(code, "killed")
				outcome.HTTPStatus = status
				return outcome
			}
			response, err := k.HTTP.Get(k.URL + "/f/" + id)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, "half", string(body))
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d %s: the connection is cut, so that nobody takes half an answer for a whole one", status, code)
		}
	}

	k.engine.OnInvoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("my own account"))
		outcome := apitest.Failed(picasso.CodeFunctionFailed, "it said so")
		outcome.HTTPStatus, outcome.OwnAccount = http.StatusBadGateway, true
		return outcome
	}
	a := k.member(502, "POST", "/v2/functions/f/invoke", "")
	assert.Equal(t, "my own account", a.Text)
	assert.Equal(t, "502", a.Header.Get("Picasso-Function-Status"))
}

// TestAWholeAnswerIsNotCutOff: its caller may have sent the next request already,
// which would be lost with the connection.
func TestAWholeAnswerIsNotCutOff(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i","public":true}`)
	sent := make(chan struct{})
	defer close(sent)
	k.engine.OnInvoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		w.Header().Set("Content-Length", "2")
		_, _ = w.Write([]byte("ok"))
		_ = http.NewResponseController(w).Flush()
		<-sent
		return apitest.Failed(picasso.CodeHostLost, "with the log of it")
	}
	caller, err := net.Dial("tcp", strings.TrimPrefix(k.URL, "http://"))
	require.NoError(t, err)
	defer caller.Close()
	answers := bufio.NewReader(caller)
	for n, method := range []string{"POST", "HEAD", "GET", "POST"} {
		_, err := io.WriteString(caller, method+" /f/"+id+" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
		require.NoError(t, err)
		if n > 0 { // now the call before ends
			sent <- struct{}{}
		}
		a, err := http.ReadResponse(answers, &http.Request{Method: method})
		require.NoError(t, err)
		body, err := io.ReadAll(a.Body)
		require.NoError(t, err)
		require.Equal(t, map[bool]string{false: "ok", true: ""}[method == "HEAD"], string(body))
	}
}

func TestARecordIsThereOnceTheAnswerIs(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	asked := make(chan struct{})
	k.engine.OnInvoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		w.Header().Set("Content-Length", "2")
		_, _ = w.Write([]byte("ok"))
		_ = http.NewResponseController(w).Flush()
		<-asked // the caller has it all, the engine still collects the log
		return apitest.Succeeded(200)
	}
	a := k.member(200, "POST", "/v2/functions/f/invoke", "")
	shown := make(chan int)
	go func() {
		shown <- k.as("alpha", "reader", "GET", "/v2/executions/"+a.Header.Get("Picasso-Execution-Id"), "").StatusCode
	}()
	close(asked)
	assert.Equal(t, 200, <-shown)
}

func TestStreamsBothWays(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i","public":true}`)
	k.engine.OnInvoke = func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		lines := bufio.NewScanner(call.Body)
		for lines.Scan() { // answers each line before the next is sent
			_, _ = io.WriteString(w, strings.ToUpper(lines.Text())+"\n")
			_ = http.NewResponseController(w).Flush()
		}
		return apitest.Succeeded(200)
	}
	for _, path := range []string{"/f/" + id, "/v2/functions/" + id + "/invoke"} {
		body, send := io.Pipe()
		r, err := http.NewRequest("POST", k.URL+path, body)
		require.NoError(t, err)
		r.Header.Set("X-Auth-Token", "t")
		r.Header.Set("X-Project-Id", "alpha")
		go func() { _, _ = io.WriteString(send, "one\n") }()
		response, err := k.HTTP.Transport.(*checkingTransport).next.RoundTrip(r)
		require.NoError(t, err)
		answers := bufio.NewReader(response.Body)
		for _, line := range []string{"one", "two", "three"} {
			if line != "one" {
				_, err = io.WriteString(send, line+"\n")
				require.NoError(t, err)
			}
			answer, err := answers.ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, strings.ToUpper(line)+"\n", answer)
		}
		require.NoError(t, send.Close())
		_, err = answers.ReadByte()
		assert.Equal(t, io.EOF, err)
		require.NoError(t, response.Body.Close())
	}
}

func TestClientThatLeaves(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i","public":true}`)
	execution := make(chan string, 1)
	k.engine.OnInvoke = func(ctx context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		execution <- call.ExecutionID
		<-ctx.Done() // still waiting for a sandbox
		outcome := apitest.Failed(picasso.CodeWaitTimedOut, "the caller left")
		outcome.Err = outcome.Err.WithCause(ctx.Err())
		return outcome
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(k.URL, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /f/"+id+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	recorded := <-execution
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool {
		return k.as("alpha", "reader", "GET", "/v2/executions/"+recorded, "").StatusCode == 200
	}, 10*time.Second, 10*time.Millisecond)
	k.engine.OnInvoke = nil
	k.member(200, "POST", "/v2/functions/f/invoke", "")
}

func TestHandlersThatPanic(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	k.engine.OnInvoke = func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		panic("boom: secret")
	}
	a := k.member(500, "POST", "/v2/functions/f/invoke", "x")
	assert.Equal(t, "internal", errorCode(t, a))
	assert.NotContains(t, a.Text, "secret")
	require.NotEmpty(t, k.Log.AllEntries())
	var stack any
	for _, entry := range k.Log.AllEntries() {
		if entry.Message == "handler panicked" {
			stack = entry.Data["stack"]
		}
	}
	assert.Contains(t, stack, "TestHandlersThatPanic")
}

func TestOpaqueErrors(t *testing.T) {
	k := setup(t)
	k.engine.OnResolve = func(string) (string, error) { return "", errors.New("disk on fire at /secret") }
	a := k.member(500, "POST", "/v2/functions", `{"name":"f","image":"i"}`)
	assert.Equal(t, "internal", errorCode(t, a))
	assert.NotContains(t, a.Text, "fire")
	logged := false
	for _, entry := range k.Log.AllEntries() {
		err, _ := entry.Data["error"].(error)
		logged = logged || err != nil && strings.Contains(err.Error(), "disk on fire")
	}
	assert.True(t, logged, "the cause is in the log")
}

func TestStoreThatIsGone(t *testing.T) {
	store := &failing{}
	k := setup(t, func(c *api.Config) {
		store.FunctionStore, store.ExecutionStore = c.Functions, c.Executions
		c.Functions, c.Executions = store, store
	})
	id := k.function(`{"name":"f","image":"i","public":true}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "x")
	store.down.Store(true)
	a := k.member(503, "GET", "/v2/functions", "")
	assert.Equal(t, "unavailable", errorCode(t, a))
	assert.Equal(t, "1", a.Header.Get("Retry-After"))
	assert.Equal(t, 503, k.Do("GET", "/f/"+nobody, "").StatusCode, "401 or not is unknown")
	execution := k.member(200, "POST", "/v2/functions/"+id+"/invoke", "a known function still runs").Header.Get("Picasso-Execution-Id")

	store.down.Store(false)
	require.Eventually(t, func() bool {
		return k.as("alpha", "reader", "GET", "/v2/executions/"+execution, "").StatusCode == 200
	}, 10*time.Second, 10*time.Millisecond, "the record was kept")
}

// failing is a store that can be unavailable.
type failing struct {
	picasso.FunctionStore
	picasso.ExecutionStore
	down  atomic.Bool
	asked atomic.Int64 // for one execution
}

func (f *failing) err() error {
	if !f.down.Load() {
		return nil
	}
	return picasso.Errorf(picasso.CodeUnavailable, "the database does not answer")
}

func (f *failing) Function(ctx context.Context, projectID, ref string) (*picasso.Function, error) {
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.FunctionStore.Function(ctx, projectID, ref)
}

func (f *failing) Functions(ctx context.Context, filter picasso.FunctionFilter, page picasso.Page) ([]picasso.Function, bool, error) {
	if err := f.err(); err != nil {
		return nil, false, err
	}
	return f.FunctionStore.Functions(ctx, filter, page)
}

func (f *failing) Execution(ctx context.Context, projectID, id string) (*picasso.Execution, error) {
	f.asked.Add(1)
	if err := f.err(); err != nil {
		return nil, err
	}
	return f.ExecutionStore.Execution(ctx, projectID, id)
}

func (f *failing) RecordExecutions(ctx context.Context, batch []picasso.Execution) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.ExecutionStore.RecordExecutions(ctx, batch)
}

func TestACallWhoseEnginePanicsIsRecorded(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	k.engine.OnInvoke = func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome { panic("a bug") }
	a := k.member(500, "POST", "/v2/functions/f/invoke", "x")
	record := k.member(200, "GET", "/v2/executions/"+a.Header.Get("Picasso-Execution-Id"), "").JSON(t)
	assert.Equal(t, "failed", record["status"])
	assert.Equal(t, picasso.CodeInternal.Title(), record["reason"])
}
