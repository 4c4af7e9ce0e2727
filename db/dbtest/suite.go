package dbtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// Stores is everything the suite is about.
type Stores interface {
	picasso.AppStore
	picasso.FunctionStore
	picasso.ExecutionStore
	picasso.Queue
	picasso.LogStore
	picasso.TriggerStore
	picasso.EventStore
	picasso.TrustStore
	picasso.HostStore
	picasso.UsageStore
}

// Run checks what picasso promises of stores. open returns an empty one for
// each test.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	for _, test := range slices.Concat(recordTests(), queueTests(), triggerTests(), eventTests(), hostTests()) {
		t.Run(test.name, func(t *testing.T) {
			test.run(&suite{T: t, Stores: open(t)})
		})
	}
}

type test struct {
	name string
	run  func(*suite)
}

func recordTests() []test {
	return []test{
		{"app life", (*suite).appLife},
		{"app names are unique in a project", (*suite).appNames},
		{"app update is guarded", (*suite).appGuard},
		{"app config makes revisions", (*suite).appRevisions},
		{"app pause", (*suite).appPause},
		{"app with functions stays", (*suite).appInUse},
		{"function life", (*suite).functionLife},
		{"function references", (*suite).functionReferences},
		{"function names are unique in an app", (*suite).functionNames},
		{"function update is guarded", (*suite).functionGuard},
		{"function moves", (*suite).functionMoves},
		{"function filters", (*suite).functionFilters},
		{"default app", (*suite).defaultApp},
		{"projects never meet", (*suite).projects},
		{"execution life", (*suite).executionLife},
		{"execution written twice", (*suite).executionTwice},
		{"execution filters", (*suite).executionFilters},
		{"execution with any text", (*suite).executionText},
		{"execution batches", (*suite).executionBatches},
		{"records that are left out", (*suite).leftOut},
		{"app pages", (*suite).appPages},
		{"function pages", (*suite).functionPages},
		{"execution pages", (*suite).executionPages},
		{"bad pages", (*suite).badPages},
		{"hostile text", (*suite).hostileText},
		{"hostile references", (*suite).hostileReferences},
		{"too long", (*suite).tooLong},
		{"race to create an app", (*suite).raceCreateApp},
		{"race to create a function", (*suite).raceCreateFunction},
		{"race to use the default app", (*suite).raceDefaultApp},
		{"race to update an app", (*suite).raceUpdateApp},
		{"race of revisions", (*suite).raceRevisions},
		{"race to delete an app in use", (*suite).raceDeleteApp},
		{"race to record", (*suite).raceRecord},
	}
}

func queueTests() []test {
	return []test{
		{"enqueue", (*suite).enqueueLife},
		{"recorded only", (*suite).recordedOnly},
		{"not due yet", (*suite).later},
		{"one key, one execution", (*suite).dedupe},
		{"hostile text in the queue", (*suite).hostileQueue},
		{"a bad member of a group", (*suite).badMember},
		{"claim", (*suite).claimLife},
		{"claim of many functions", (*suite).claimMany},
		{"race to claim", (*suite).raceClaim},
		{"limits", (*suite).limits},
		{"backlog", (*suite).backlogLife},
		{"backlog of many functions", (*suite).backlogTurns},
		{"settle", (*suite).settleLife},
		{"retry", (*suite).retry},
		{"lease that ran out", (*suite).fencing},
		{"renew", (*suite).renewal},
		{"deleted functions", (*suite).orphans},
		{"cancel", (*suite).cancel},
		{"race to cancel", (*suite).raceCancel},
		{"payloads of any size", (*suite).payloadSizes},
		{"many large inputs", (*suite).manyLarge},
		{"logs", (*suite).logParts},
		{"long logs", (*suite).longLog},
		{"race to log", (*suite).raceLogs},
		{"purge of records", (*suite).purgeRecords},
		{"purge of many records", (*suite).purgeMany},
		{"purge of inputs, results and logs", (*suite).purgeParts},
		{"race to purge", (*suite).racePurge},
		{"redrive", (*suite).redriveOne},
		{"redrive of many", (*suite).redriveMany},
		{"race to redrive", (*suite).raceRedrive},
	}
}

func triggerTests() []test {
	return []test{
		{"trigger life", (*suite).triggerLife},
		{"functions of triggers", (*suite).triggerFunctions},
		{"trigger names are unique in a project", (*suite).triggerNames},
		{"trigger update is guarded", (*suite).triggerGuard},
		{"clock of a trigger", (*suite).triggerClock},
		{"trigger filters", (*suite).triggerFilters},
		{"trigger pages", (*suite).triggerPages},
		{"fire", (*suite).fireLife},
		{"fire that passes by", (*suite).firePasses},
		{"fire of a paused trigger", (*suite).firePaused},
		{"fire that overlaps", (*suite).fireOverlap},
		{"fire all or none", (*suite).fireAllOrNone},
		{"fire twice", (*suite).fireTwice},
		{"race to fire", (*suite).raceFire},
		{"due schedules", (*suite).dueSchedules},
	}
}

func eventTests() []test {
	return []test{
		{"triggers of all types", (*suite).triggerTypes},
		{"secret of a webhook", (*suite).webhookSecret},
		{"hostile text in triggers", (*suite).hostileBlocks},
		{"triggers of events", (*suite).eventTriggers},
		{"trigger that fails", (*suite).failTrigger},
		{"schedule that fails", (*suite).failSchedule},
		{"race to fail", (*suite).raceFail},
		{"trust of a function", (*suite).functionTrust},
		{"function stays in its app", (*suite).functionStaysInItsApp},
		{"trust of a trigger", (*suite).triggerTrust},
		{"trusts that are dropped", (*suite).dropTrust},
		{"trust of an execution", (*suite).claimTrust},
		{"who acts", (*suite).acting},
		{"who acts for a trigger", (*suite).actingTrigger},
		{"who acted", (*suite).actingBefore},
		{"who acted among many", (*suite).actingMany},
		{"remove a project", (*suite).removeProject},
		{"race to remove a project", (*suite).raceRemoveProject},
	}
}

func hostTests() []test {
	return []test{
		{"host life", (*suite).hostLife},
		{"inventory of a host", (*suite).hostInventory},
		{"host that is disabled", (*suite).hostDisabled},
		{"two hosts of one name", (*suite).hostNames},
		{"host that is deleted", (*suite).hostDeleted},
		{"hostile text of hosts", (*suite).hostileHosts},
		{"race of heartbeats", (*suite).raceHeartbeats},
		{"usage", (*suite).usage},
	}
}

// suite is one test of it.
type suite struct {
	*testing.T
	Stores
}

// start is a time that shows when microseconds or the zone get lost.
func start() time.Time {
	return time.Date(2026, 3, 29, 1, 59, 59, 123456000, time.UTC)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// makeApp stores an app.
func (s *suite) makeApp(project, name string) *picasso.App {
	s.Helper()
	app := newApp(project, name)
	require.NoError(s, s.CreateApp(s.Context(), app))
	return app
}

func newApp(project, name string) *picasso.App {
	return &picasso.App{
		ID: newID(), ProjectID: project, CreatedAt: start(), UpdatedAt: start(),
		AppSpec: picasso.AppSpec{Name: name, Description: "of " + name, Config: map[string]string{"A": "1"}, Enabled: true},
	}
}

// makeFunction stores a function.
func (s *suite) makeFunction(project, app, name string) *picasso.Function {
	s.Helper()
	fn := newFunction(project, app, name)
	require.NoError(s, s.CreateFunction(s.Context(), fn))
	return fn
}

func newFunction(project, app, name string) *picasso.Function {
	spec := picasso.DefaultFunctionSpec()
	spec.App, spec.Name, spec.Image = app, name, "registry.example/"+name+":1"
	spec.Config, spec.Entrypoint, spec.Command, spec.DelegateRoles = map[string]string{}, []string{}, []string{}, []string{}
	spec.HostTags = []string{}
	return &picasso.Function{
		ID: newID(), ProjectID: project, FunctionSpec: spec, ImageDigest: "sha256:" + name,
		CreatedAt: start(), UpdatedAt: start(),
	}
}

// newExecution is the n-th of a function, each a millisecond after the one before.
func newExecution(project, function string, n int) picasso.Execution {
	at := start().Add(time.Duration(n) * time.Millisecond)
	return picasso.Execution{
		ID: newID(), ProjectID: project, FunctionID: function, Function: "f", App: "a", Revision: 3,
		Status: picasso.StatusSucceeded, CreatedAt: at, StartedAt: at.Add(time.Microsecond), FinishedAt: at.Add(time.Second),
		WaitMS: 0.1, ColdStartMS: 95.25, RunMS: 1.0 / 3, HTTPStatus: 200, Host: "host", RequestID: "req-" + newID(),
		InputBytes: 1 << 40, OutputBytes: 7, Attempt: 1, MaxAttempts: 1,
	}
}

func (s *suite) record(batch ...picasso.Execution) {
	s.Helper()
	require.NoError(s, s.RecordExecutions(s.Context(), batch))
}

// wantCode checks the code of an error and that it says something to the user.
func (s *suite) wantCode(code picasso.Code, err error, detail string) {
	s.Helper()
	require.Error(s, err)
	e := picasso.AsError(err)
	assert.Equal(s, code, e.Code, "%v", err)
	assert.Equal(s, code.Title(), e.Title)
	assert.Contains(s, e.Detail, detail)
}

// fresh is the n-th time after start at which something is changed.
func fresh(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }

func numbered(prefix string, n int) string { return fmt.Sprintf("%s-%03d", prefix, n) }
