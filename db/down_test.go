package db_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

func newFunction(name string) *picasso.Function {
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.Image = name, "image"
	now := time.Now()
	return &picasso.Function{ID: uuid.NewString(), ProjectID: "p", FunctionSpec: spec, CreatedAt: now, UpdatedAt: now}
}

// eachMethod calls every method of the stores and returns their errors.
func eachMethod(ctx context.Context, s *db.Store, fn *picasso.Function) map[string]error {
	app := &picasso.App{ID: uuid.NewString(), ProjectID: "p", AppSpec: picasso.AppSpec{Name: "a"}, CreatedAt: time.Now(), UpdatedAt: time.Now()}
	errs := map[string]error{}
	errs["Ping"] = s.Ping(ctx)
	errs["CheckVersion"] = s.CheckVersion(ctx)
	errs["CreateApp"] = s.CreateApp(ctx, app)
	_, errs["App"] = s.App(ctx, "p", "a")
	_, _, errs["Apps"] = s.Apps(ctx, picasso.AppFilter{}, picasso.Page{})
	errs["UpdateApp"] = s.UpdateApp(ctx, app, app.UpdatedAt)
	errs["DeleteApp"] = s.DeleteApp(ctx, "p", app.ID)
	errs["CreateFunction"] = s.CreateFunction(ctx, newFunction("g"+uuid.NewString()))
	_, errs["Function"] = s.Function(ctx, "p", fn.ID)
	_, _, errs["Functions"] = s.Functions(ctx, picasso.FunctionFilter{}, picasso.Page{Marker: fn.ID})
	errs["UpdateFunction"] = s.UpdateFunction(ctx, fn, fn.UpdatedAt)
	e := record(1)
	errs["RecordExecutions"] = s.RecordExecutions(ctx, []picasso.Execution{e})
	_, errs["Execution"] = s.Execution(ctx, "", e.ID)
	_, _, errs["Executions"] = s.Executions(ctx, picasso.ExecutionFilter{}, picasso.Page{})
	_, errs["Purge"] = s.Purge(ctx, picasso.Retention{Succeeded: time.Now(), Ended: time.Now(), Payloads: time.Now(), Logs: time.Now()}, 10)
	eachOfQueue(ctx, s, fn, errs)
	eachOfEvents(ctx, s, fn, errs)
	eachOfHosts(ctx, s, errs)
	return errs
}

// eachOfQueue does so for asynchronous executions.
func eachOfQueue(ctx context.Context, s *db.Store, fn *picasso.Function, errs map[string]error) {
	sub := &picasso.Submission{Execution: record(2)}
	sub.Status, sub.FunctionID, sub.MaxAttempts = picasso.StatusQueued, fn.ID, 1
	_, errs["Enqueue"] = s.Enqueue(ctx, sub)
	_, errs["Backlog"] = s.Backlog(ctx)
	var claimed []picasso.Claimed
	claimed, errs["Claim"] = s.Claim(ctx, []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p", Count: 1, Limit: 9, ProjectLimit: 9}}, time.Minute)
	held := &picasso.Settlement{Execution: sub.Execution, Result: &picasso.Payload{}}
	held.Execution.Status = picasso.StatusFailed
	for _, c := range claimed {
		held.Lease = c.Lease
	}
	_, errs["Renew"] = s.Renew(ctx, []picasso.Lease{held.Lease}, time.Minute)
	errs["Settle"] = s.Settle(ctx, held)
	_, errs["Recover"] = s.Recover(ctx)
	errs["AppendLogs"] = s.AppendLogs(ctx, []picasso.LogPart{{ExecutionID: sub.ID, Attempt: 1, Text: []byte("x")}})
	_, errs["Log"] = s.Log(ctx, sub.ID, 0, 0)
	_, errs["ExecutionResult"] = s.ExecutionResult(ctx, "", sub.ID)
	_, _, errs["Redrive"] = s.Redrive(ctx, picasso.Redrive{ProjectID: "p", Function: fn.ID, Limit: 1})
	if _, err := s.CancelExecution(ctx, "", sub.ID, "x"); picasso.CodeOf(err) != picasso.CodeConflict { // it has ended
		errs["CancelExecution"] = err
	}
}

// eachOfEvents does so for triggers and trusts.
func eachOfEvents(ctx context.Context, s *db.Store, fn *picasso.Function, errs map[string]error) {
	t := &picasso.Trigger{ID: uuid.NewString(), ProjectID: fn.ProjectID, CreatedAt: fn.CreatedAt, UpdatedAt: fn.CreatedAt, TriggerSpec: picasso.TriggerSpec{
		Name: "t", Function: fn.ID, Type: picasso.TriggerSwift, Enabled: true, Swift: &picasso.Swift{Container: "c"},
	}}
	errs["CreateTrigger"] = s.CreateTrigger(ctx, t)
	_, errs["Trigger"] = s.Trigger(ctx, "", t.ID)
	_, _, errs["Triggers"] = s.Triggers(ctx, picasso.TriggerFilter{}, picasso.Page{})
	errs["UpdateTrigger"] = s.UpdateTrigger(ctx, t, t.UpdatedAt)
	_, _, errs["EventTriggers"] = s.EventTriggers(ctx, 0)
	errs["FailTrigger"] = s.FailTrigger(ctx, t.ID, t.UpdatedAt, "x")
	errs["DeleteTrigger"] = s.DeleteTrigger(ctx, "", t.ID)
	_, errs["Acting"] = s.Acting(ctx, picasso.Acting{ProjectID: "p", UserID: "u", TriggerID: t.ID, At: time.Now()})
	_, errs["RemoveProject"] = s.RemoveProject(ctx, "none")
	errs["DropTrust"] = s.DropTrust(ctx, "a")
	_, errs["DroppedTrusts"] = s.DroppedTrusts(ctx, 1)
	errs["ForgetTrust"] = s.ForgetTrust(ctx, "a")
}

// eachOfHosts does so for hosts and what API processes tell each other.
func eachOfHosts(ctx context.Context, s *db.Store, errs map[string]error) {
	report := &picasso.HostReport{Host: picasso.Host{Name: uuid.NewString() + "-host"}, Incarnation: "i", URL: "http://h:1"}
	id := uuid.NewString()
	if h, err := s.Heartbeat(ctx, report, time.Minute); err == nil {
		id = h.ID
	} else {
		errs["Heartbeat"] = err
	}
	_, errs["Hosts"] = s.Hosts(ctx)
	_, errs["Inventories"] = s.Inventories(ctx, []string{id})
	_, errs["HostByRef"] = s.HostByRef(ctx, id)
	_, errs["DisableHost"] = s.DisableHost(ctx, id, true, "x")
	errs["DeleteHost"] = s.DeleteHost(ctx, id, -time.Minute)
	_, _, errs["ShareUsage"] = s.ShareUsage(ctx, id, map[string]int{"p": 1}, time.Minute)
}

func wantAll(t *testing.T, code picasso.Code, errs map[string]error) {
	t.Helper()
	for method, err := range errs {
		assert.Equal(t, code, picasso.CodeOf(err), "%s: %v", method, err)
		if code == picasso.CodeUnavailable && err != nil {
			assert.Positive(t, picasso.AsError(err).RetryAfter, method)
			assert.Equal(t, "the database does not answer", picasso.AsError(err).Detail, method)
		}
	}
}

// TestDatabaseDies kills MariaDB under a store that is in use.
func TestDatabaseDies(t *testing.T) {
	server := cloudtest.PrivateMariaDB(t)
	s := dbtest.Open(t, dbtest.Database(t, server.DBDSN))
	fn := newFunction("f")
	require.NoError(t, s.CreateFunction(t.Context(), fn))
	wantAll(t, "", eachMethod(t.Context(), s, fn))

	var writers sync.WaitGroup
	var stored []string
	dead := make(chan struct{})
	writers.Go(func() { // until the server dies, in the middle of whatever it does
		for {
			e := record(1)
			err := s.RecordExecutions(t.Context(), []picasso.Execution{e})
			if err == nil {
				stored = append(stored, e.ID)
				if len(stored) == 20 {
					close(dead)
				}
				continue
			}
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "%v", err)
			return
		}
	})
	<-dead
	server.Kill(t)
	writers.Wait()
	wantAll(t, picasso.CodeUnavailable, eachMethod(t.Context(), s, fn))

	server.Start(t)
	require.Eventually(t, func() bool { return s.Ping(t.Context()) == nil }, time.Minute, 10*time.Millisecond)
	for _, id := range stored {
		_, err := s.Execution(t.Context(), "", id)
		assert.NoError(t, err, "what was stored is there")
	}
	wantAll(t, "", eachMethod(t.Context(), s, fn))
}

// TestDatabaseHangs: the network is cut without a word, so nothing is refused
// and nothing answered. Calls end, although their caller would wait for ever.
func TestDatabaseHangs(t *testing.T) {
	wire := newWire(t, cloudtest.Need(t, "mariadb").DBDSN)
	s := dbtest.Open(t, dbtest.Database(t, wire.dsn))
	fn := newFunction("f")
	require.NoError(t, s.CreateFunction(t.Context(), fn))
	wantAll(t, "", eachMethod(t.Context(), s, fn))

	wire.cut(true)
	s.SetTimeout(50 * time.Millisecond)
	wantAll(t, picasso.CodeUnavailable, eachMethod(context.Background(), s, fn))
	wire.cut(false)
	s.SetTimeout(time.Minute)
	wantAll(t, "", eachMethod(t.Context(), s, fn))
}

// TestCallerGone: a caller who is gone ends the call, and the store works on.
func TestCallerGone(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			fn := newFunction("f")
			require.NoError(t, s.CreateFunction(t.Context(), fn))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			wantAll(t, picasso.CodeUnavailable, eachMethod(ctx, s, fn))
			wantAll(t, "", eachMethod(t.Context(), s, fn))
		})
	}
}

// TestClosed: a closed store says so.
func TestClosed(t *testing.T) {
	s := dbtest.SQLite(t)
	require.NoError(t, s.Close())
	require.Error(t, s.Ping(t.Context()))
}

// wire is a TCP proxy that can hold everything back.
type wire struct {
	dsn string // of the database, through it
	mu  sync.RWMutex
}

func newWire(t *testing.T, dsn string) *wire {
	t.Helper()
	before, rest, _ := strings.Cut(dsn, "@tcp(")
	target, after, _ := strings.Cut(rest, ")")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{dsn: before + "@tcp(" + listener.Addr().String() + ")" + after}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go w.copy(server, client)
			go w.copy(client, server)
		}
	}()
	return w
}

func (w *wire) cut(cut bool) {
	if cut {
		w.mu.Lock()
		return
	}
	w.mu.Unlock()
}

func (w *wire) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		w.mu.RLock() // whoever cut the wire has it
		_, err2 := to.Write(buffer[:n])
		w.mu.RUnlock()
		if err != nil || err2 != nil {
			return
		}
	}
}
