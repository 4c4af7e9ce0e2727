package enginetest

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// RunEngine checks that an engine keeps the contract of picasso.Engine. testfn
// is a reference of tools/functions' testfn, debian one of its debian. The
// engine has the default limits but a ready timeout of a few seconds, room for
// at least 1 GiB of sandboxes, and nothing else to do; newEngine closes it when
// its test ends.
func RunEngine(t *testing.T, newEngine func(t *testing.T) picasso.Engine, testfn, debian string) {
	s := newSuite(t, newEngine, testfn, debian)
	s.run(t, append(s.hop(), s.sandboxes()...))
}

// RunHop is the part of RunEngine about what gets lost most easily on the way
// to an engine on another host, or to that many.
func RunHop(t *testing.T, hosts int, newEngine func(t *testing.T) picasso.Engine, testfn, debian string) {
	s := newSuite(t, newEngine, testfn, debian)
	s.hosts = hosts
	s.run(t, s.hop())
}

// RunWire is the part of RunHop that older versions of a protocol are most
// likely to fail, in a fraction of the time.
func RunWire(t *testing.T, newEngine func(t *testing.T) picasso.Engine, testfn, debian string) {
	s := newSuite(t, newEngine, testfn, debian)
	s.run(t, []engineTest{
		{"function URL", s.gateway},
		{"request body fails", s.badBody},
		{"ctx ends the wait and not the call", s.context},
		{"both directions at once", s.duplex},
		{"host", s.host},
	})
}

type engineTest struct {
	name string
	run  func(*testing.T)
}

func (s *engineSuite) hop() []engineTest {
	return []engineTest{
		{"bodies go in and come out", s.bodies},
		{"function URL", s.gateway},
		{"answers that are too large", s.tooLarge},
		{"request body fails", s.badBody},
		{"logs", s.logs},
		{"logs while they are written", s.liveLogs},
		{"attempts", s.attempt},
		{"credentials", s.credentials},
		{"credentials of stdio", s.credentialsOfStdio},
		{"stdio-http", s.stdioHTTP},
		{"statuses of functions", s.ownStatus},
		{"cancel", s.cancel},
		{"the wait times out", s.waitTimesOut},
		{"ctx ends the wait and not the call", s.context},
		{"both directions at once", s.duplex},
		{"warm and retire", s.warmAndRetire},
		{"an image that does not exist", s.noImage},
		{"host", s.host},
	}
}

func (s *engineSuite) sandboxes() []engineTest {
	return []engineTest{
		{"a hot sandbox serves again", s.hot},
		{"the log of each call is its own", s.ownLogs},
		{"the log of a function that has no output any more", s.noOutput},
		{"web", s.web},
		{"environment", s.environment},
		{"stdio", s.stdio},
		{"stdio-http is broken", s.stdioHTTPBroken},
		{"failures of a call", s.failures},
		{"answers that are not HTTP", s.broken},
		{"failures of a start", s.failedStarts},
		{"no room", s.busy},
	}
}

func newSuite(t *testing.T, newEngine func(t *testing.T) picasso.Engine, testfn, debian string) *engineSuite {
	s := &engineSuite{engine: newEngine(t), hosts: 1}
	for _, image := range []struct {
		ref      string
		resolved *string
	}{{testfn, &s.testfn}, {debian, &s.debian}} {
		resolved, err := s.engine.ResolveImage(t.Context(), image.ref)
		require.NoError(t, err)
		*image.resolved = resolved
	}
	return s
}

func (s *engineSuite) run(t *testing.T, tests []engineTest) {
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for _, test := range tests {
		t.Run(test.name, test.run)
	}
	s.assertNoGrowth(t, goroutines, files)
}

type engineSuite struct {
	engine         picasso.Engine
	hosts          int // that it has
	testfn, debian string
}

// function is a new function of testfn.
func (s *engineSuite) function(t *testing.T, contract picasso.Contract, command ...string) *picasso.Function {
	t.Helper()
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.Image, spec.Contract, spec.Command = "f", s.testfn, contract, command
	spec.Network, spec.MemoryMB, spec.TmpMB = picasso.NetworkNone, 64, 8
	fn := &picasso.Function{
		ID: uuid.NewString(), ProjectID: uuid.NewString(), AppID: uuid.NewString(),
		FunctionSpec: spec, ImageDigest: s.testfn, Revision: 1,
	}
	t.Cleanup(func() { // make room for the next test
		require.NoError(t, s.engine.Retire(context.Background(), fn.ID, math.MaxInt64))
	})
	return fn
}

// invokeOf is an invoke with a body.
func invokeOf(fn *picasso.Function, body string) *picasso.Call {
	return &picasso.Call{
		ExecutionID: uuid.NewString(), RequestID: "req-" + uuid.NewString(), Function: fn,
		Method: http.MethodPost, URL: "http://faas.example:10001/v2/functions/f/invoke", Path: "/",
		Header: http.Header{"Content-Type": {"text/plain"}},
		Body:   strings.NewReader(body), ContentLength: int64(len(body)),
	}
}

// gatewayCall is a call through the function URL.
func gatewayCall(fn *picasso.Function, method, path, body string) *picasso.Call {
	c := invokeOf(fn, body)
	c.Gateway, c.Method, c.Path = true, method, path
	c.URL = "http://faas.example:10001/f/" + fn.ID + path
	return c
}

func (s *engineSuite) invoke(t *testing.T, c *picasso.Call) (*httptest.ResponseRecorder, picasso.Outcome) {
	t.Helper()
	w := httptest.NewRecorder()
	out := s.engine.Invoke(t.Context(), c, w)
	if !out.Started.IsZero() {
		assert.NotEmpty(t, out.Host)
	}
	return w, out
}

// answer invokes, expects success and returns the answer's body.
func (s *engineSuite) answer(t *testing.T, fn *picasso.Function, body string) string {
	t.Helper()
	w, out := s.invoke(t, invokeOf(fn, body))
	require.Nil(t, out.Err, "%v", out.Err)
	require.Equal(t, 200, w.Code)
	return w.Body.String()
}

func (s *engineSuite) bodies(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio} {
		fn := s.function(t, contract, "echo")
		for _, size := range []int{0, 2, 64 << 10, 64<<10 + 1, 5 << 20} {
			body := strings.Repeat("\x00\xff\r\nlo", size/6+1)[:size]
			for _, length := range []int64{int64(size), -1} {
				c := invokeOf(fn, body)
				c.ContentLength = length
				w, out := s.invoke(t, c)
				require.Nil(t, out.Err, "%s %d: %v", contract, size, out.Err)
				assert.True(t, w.Body.String() == body, "%s %d bytes: got %d", contract, size, w.Body.Len())
				assert.EqualValues(t, size, out.InputBytes)
				assert.EqualValues(t, size, out.OutputBytes)
				assert.Equal(t, 200, out.HTTPStatus)
				assert.False(t, out.Started.IsZero())
				assert.Positive(t, out.Run)
			}
		}
	}
}

func (s *engineSuite) hot(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract, "count")
		w, cold := s.invoke(t, invokeOf(fn, ""))
		require.Nil(t, cold.Err, "%v", cold.Err)
		assert.Positive(t, cold.ColdStart)
		assert.GreaterOrEqual(t, cold.Wait, cold.ColdStart)
		instance, n, _ := strings.Cut(w.Body.String(), " ")
		assert.Equal(t, "1", strings.TrimSpace(n))
		w, hot := s.invoke(t, invokeOf(fn, ""))
		require.Nil(t, hot.Err, "%v", hot.Err)
		assert.Zero(t, hot.ColdStart)
		assert.Equal(t, instance+" 2", strings.TrimSpace(w.Body.String()))
	}
}

func (s *engineSuite) waitTimesOut(t *testing.T) {
	fn := s.function(t, picasso.ContractFn)
	fn.MaxSandboxes, fn.QueueTimeoutS = 1, 8 // also for the start, on whatever machine
	_ = s.answer(t, fn, "echo\nstart")
	first := s.begin(invokeOf(fn, "sleep 14000"))
	require.Eventually(t, func() bool { return s.hostNow(t).CallsRunning == 1 }, patience, time.Millisecond)
	_, out := s.invoke(t, invokeOf(fn, "echo\nnever"))
	require.NotNil(t, out.Err)
	assert.Equal(t, picasso.CodeWaitTimedOut, out.Err.Code)
	assert.GreaterOrEqual(t, out.Wait, 8*time.Second)
	assert.Nil(t, (<-first).Err)
}

func (s *engineSuite) context(t *testing.T) {
	fn := s.function(t, picasso.ContractFn)
	fn.MaxSandboxes = 1
	_ = s.answer(t, fn, "echo\nstart")
	ctx, cancel := context.WithCancel(t.Context())
	outs := make(chan picasso.Outcome)
	invoke := func() { outs <- s.engine.Invoke(ctx, invokeOf(fn, "sleep 1000"), httptest.NewRecorder()) }
	go invoke()
	require.Eventually(t, func() bool { return s.hostNow(t).CallsRunning == 1 }, patience, time.Millisecond)
	go invoke()
	require.Eventually(t, func() bool { return s.hostNow(t).CallsWaiting == 1 }, patience, time.Millisecond)
	cancel()
	out := <-outs
	require.NotNil(t, out.Err, "the one that waits is first")
	assert.True(t, out.Started.IsZero())
	assert.Nil(t, (<-outs).Err, "the other runs to its end")
}

func (s *engineSuite) busy(t *testing.T) {
	host := s.hostNow(t)
	var outs []chan picasso.Outcome
	for used := 0; used+1024 <= host.MemoryMB; used += 1024 { // a stopped function is still leaving: hence rounds
		fn := s.function(t, picasso.ContractFn)
		fn.MemoryMB = 1024
		out := make(chan picasso.Outcome, 1)
		outs = append(outs, out)
		go func() {
			out <- s.engine.Invoke(context.Background(), invokeOf(fn, "sleep 15000"), httptest.NewRecorder()) // longer than all starts take
		}()
		require.Eventually(t, func() bool { return s.hostNow(t).CallsRunning == len(outs) }, patience, time.Millisecond)
	}
	fn := s.function(t, picasso.ContractFn)
	fn.MemoryMB = 1024
	_, out := s.invoke(t, invokeOf(fn, "echo\nx"))
	require.NotNil(t, out.Err)
	assert.Equal(t, picasso.CodeBusy, out.Err.Code)
	assert.Positive(t, out.Err.RetryAfter)
	for _, out := range outs {
		assert.Nil(t, (<-out).Err)
	}
	// What is idle gives way.
	assert.Equal(t, "x", s.answer(t, fn, "echo\nx"))
}

func (s *engineSuite) warmAndRetire(t *testing.T) {
	fn := s.function(t, picasso.ContractFn, "count")
	fn.MinSandboxes = 2
	before := s.hostNow(t)
	require.NoError(t, s.engine.Warm(t.Context(), fn))
	require.Eventually(t, func() bool { return s.hostNow(t).SandboxesIdle >= 2 }, patience, 10*time.Millisecond)
	assert.GreaterOrEqual(t, s.hostNow(t).ColdStarts, before.ColdStarts+2)
	_, out := s.invoke(t, invokeOf(fn, ""))
	require.Nil(t, out.Err)
	assert.Zero(t, out.ColdStart)
	require.NoError(t, s.engine.Retire(t.Context(), fn.ID, 2))
	require.Eventually(t, func() bool { return s.hostNow(t).Sandboxes == 0 }, patience, 10*time.Millisecond)
	assert.Zero(t, s.hostNow(t).MemoryUsedMB)
}

func (s *engineSuite) noImage(t *testing.T) {
	_, err := s.engine.ResolveImage(t.Context(), "127.0.0.1:1/no/such-image:nowhere")
	assert.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err), "%v", err)
}

func (s *engineSuite) host(t *testing.T) {
	host := s.hostNow(t)
	assert.NotEmpty(t, host.Name)
	assert.Positive(t, host.MemoryMB)
	assert.Positive(t, host.ColdStarts)
	assert.Zero(t, host.CallsRunning)
	assert.Zero(t, host.CallsWaiting)
}

func (s *engineSuite) hostNow(t *testing.T) picasso.Host {
	t.Helper()
	host, err := s.engine.Host(context.Background())
	require.NoError(t, err)
	return host
}

// assertNoGrowth waits until all sandboxes are gone, and with them what they needed.
func (s *engineSuite) assertNoGrowth(t *testing.T, goroutines int, files []string) {
	require.Eventually(t, func() bool { return s.hostNow(t).Sandboxes == 0 }, patience, 10*time.Millisecond)
	slack := 32 * s.hosts // idle connections, network namespaces kept for later
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+slack }, patience, 100*time.Millisecond,
		"goroutines: %d before", goroutines)
	assert.Eventually(t, func() bool { return len(openFiles(t)) <= len(files)+slack }, patience, 100*time.Millisecond,
		"open files: %q before", files)
	if t.Failed() {
		t.Logf("open files: %q", openFiles(t))
	}
}

// openFiles returns what the descriptors of this process are.
func openFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	files := make([]string, 0, len(entries))
	for _, entry := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			files = append(files, target)
		}
	}
	return files
}
