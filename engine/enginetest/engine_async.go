package enginetest

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// all are the contracts that every engine knows.
var all = [...]picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio}

// begin invokes in the background.
func (s *engineSuite) begin(c *picasso.Call) <-chan picasso.Outcome {
	out := make(chan picasso.Outcome, 1)
	go func() { out <- s.engine.Invoke(context.Background(), c, httptest.NewRecorder()) }()
	return out
}

func (s *engineSuite) awaitCalls(t *testing.T, running, waiting int) {
	t.Helper()
	require.Eventually(t, func() bool {
		host := s.hostNow(t)
		return host.CallsRunning == running && host.CallsWaiting == waiting
	}, patience, time.Millisecond)
}

// cancel: what waits and what runs ends long before its time, and nothing else does.
func (s *engineSuite) cancel(t *testing.T) {
	for _, contract := range all {
		t.Run(string(contract), func(t *testing.T) { s.cancelOf(t, contract) })
	}
}

func (s *engineSuite) cancelOf(t *testing.T, contract picasso.Contract) {
	fn := s.function(t, contract)
	fn.MaxSandboxes, fn.TimeoutS = 1, 300
	runs, waits := invokeOf(fn, ""), invokeOf(fn, "sleep 200000")
	body := &noticed{Reader: strings.NewReader("sleep 200000\n"), read: make(chan struct{})}
	runs.Body, runs.ContentLength = body, -1
	running := s.begin(runs)
	<-body.read // a sandbox that has not been sent anything of its call would be kept
	s.awaitCalls(t, 1, 0)
	waiting := s.begin(waits)
	s.awaitCalls(t, 1, 1)
	for _, call := range []struct {
		id      string
		out     <-chan picasso.Outcome
		started bool
	}{{waits.ExecutionID, waiting, false}, {runs.ExecutionID, running, true}} {
		require.NoError(t, s.engine.Cancel(t.Context(), call.id))
		out := <-call.out
		require.NotNil(t, out.Err)
		assert.Equal(t, picasso.CodeCancelled, out.Err.Code, "%v", out.Err)
		assert.Contains(t, out.Err.Detail, "cancelled")
		assert.Equal(t, call.started, !out.Started.IsZero())
		assert.Less(t, out.Run, 100*time.Second)
		require.NoError(t, s.engine.Cancel(t.Context(), call.id), "an id that is gone")
	}
	require.Eventually(t, func() bool { return s.hostNow(t).Sandboxes == 0 }, patience, 10*time.Millisecond, "killed")
	assert.Equal(t, "next", s.answer(t, fn, "echo\nnext"))
}

// noticed is a body that tells when somebody begins to read it.
type noticed struct {
	io.Reader
	read chan struct{}
	once sync.Once
}

func (n *noticed) Read(p []byte) (int, error) {
	n.once.Do(func() { close(n.read) })
	return n.Reader.Read(p)
}

// liveLogs: what a function writes is there before its call has ended.
func (s *engineSuite) liveLogs(t *testing.T) {
	for _, contract := range all {
		fn := s.function(t, contract, "noisy-start", "5") // which is the first call's
		fn.TimeoutS = 300
		var log Buffer
		c := invokeOf(fn, "sleep 200000")
		c.Log = &log
		out := s.begin(c)
		require.Eventually(t, func() bool { return strings.Count(log.String(), "\n") >= 5 }, patience, time.Millisecond, contract)
		require.NoError(t, s.engine.Cancel(t.Context(), c.ExecutionID))
		ended := <-out
		assert.NotEmpty(t, ended.Log, contract)
		assert.Equal(t, string(ended.Log), log.String(), contract)
	}
	fn := s.function(t, picasso.ContractFn)
	var log Buffer
	c := invokeOf(fn, "log 3")
	c.Log = &log
	_, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Equal(t, string(out.Log), log.String(), "of a call that is over at once")
}

// attempt: functions see the execution and the attempt, whatever callers say.
func (s *engineSuite) attempt(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract, "request")
		for attempt, want := range map[int]string{0: "1", 1: "1", 3: "3"} {
			c := invokeOf(fn, "")
			c.Attempt = attempt
			c.Header["Picasso-Attempt"], c.Header["Picasso-Execution-Id"] = []string{"99"}, []string{"forged"}
			w, out := s.invoke(t, c)
			require.Nil(t, out.Err, "%v", out.Err)
			got := parseSeen(t, w)
			assert.Equal(t, []string{want}, got.Headers["Picasso-Attempt"], contract)
			assert.Equal(t, []string{c.ExecutionID}, got.Headers["Picasso-Execution-Id"], contract)
		}
	}
	c := invokeOf(s.function(t, picasso.ContractStdio, "env"), "")
	c.Attempt = 3
	w, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Subset(t, strings.Split(w.Body.String(), "\n"), []string{"PICASSO_ATTEMPT=3", "PICASSO_EXECUTION_ID=" + c.ExecutionID})
}

// ownStatus: the record has what the function answered, also where the caller
// of an invoke does not see it.
func (s *engineSuite) ownStatus(t *testing.T) {
	for contract, seen := range map[picasso.Contract]int{picasso.ContractFn: 200, picasso.ContractWeb: 418} {
		w, out := s.invoke(t, invokeOf(s.function(t, contract), "status 418"))
		require.Nil(t, out.Err, "%v", out.Err)
		assert.Equal(t, 418, out.HTTPStatus, contract)
		assert.Equal(t, seen, w.Code, contract)
	}
}
