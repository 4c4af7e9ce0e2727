package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
)

func created() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// ended is the first of three attempts of a function of contract web that
// ended a minute after its creation.
func ended(edit ...func(*attempt)) *attempt {
	fn := &picasso.Function{Revision: 7, FunctionSpec: picasso.DefaultFunctionSpec()}
	fn.Contract = picasso.ContractWeb
	a := &attempt{now: created().Add(time.Minute), Claimed: &picasso.Claimed{
		Function: fn,
		Execution: picasso.Execution{ID: "e", Status: picasso.StatusRunning, Attempt: 1, MaxAttempts: 3,
			CreatedAt: created(), RunAt: created(), Reason: "of the attempt before"},
	}}
	a.outcome.Host = "h"
	for _, e := range edit {
		e(a)
	}
	return a
}

func err(code picasso.Code) func(*attempt) {
	return func(a *attempt) { a.outcome.Err = picasso.Errorf(code, "because") }
}
func status(n int) func(*attempt) { return func(a *attempt) { a.outcome.HTTPStatus = n } }
func exit(n int) func(*attempt)   { return func(a *attempt) { a.outcome.ExitCode = &n } }
func contract(c picasso.Contract) func(*attempt) {
	return func(a *attempt) { a.Function.Contract = c }
}
func number(n int) func(*attempt)        { return func(a *attempt) { a.Attempt = n } }
func age(d time.Duration) func(*attempt) { return func(a *attempt) { a.now = created().Add(d) } }
func failures(n int) func(*attempt)      { return func(a *attempt) { a.Failures = n } }
func jitter(j float64) func(*attempt)    { return func(a *attempt) { a.jitter = j } }
func after(d time.Duration) func(*attempt) {
	return func(a *attempt) { a.outcome.Err.RetryAfter = d }
}
func delivery(a *attempt) { a.Destination = "https://example.org" }
func retry(minS, maxS, ageS int) func(*attempt) {
	return func(a *attempt) { a.Function.Retry = picasso.Retry{MinDelayS: minS, MaxDelayS: maxS, MaxAgeS: ageS} }
}

func TestAttemptEnds(t *testing.T) {
	failed := picasso.CodeFunctionFailed
	for name, test := range map[string]struct {
		*attempt
		status picasso.Status
		reason string
	}{
		"success":                {ended(), picasso.StatusSucceeded, ""},
		"own status of success":  {ended(status(204)), picasso.StatusSucceeded, ""},
		"the last attempt":       {ended(err(failed), number(3)), picasso.StatusFailed, "Function failed: because"},
		"more than the last":     {ended(err(failed), number(4)), picasso.StatusFailed, "Function failed: because"},
		"timed out for good":     {ended(err(picasso.CodeTimedOut), number(3)), picasso.StatusTimedOut, "Function timed out: because"},
		"own status 404":         {ended(status(404)), picasso.StatusFailed, "Function failed: it answered with status 404"},
		"own status 400 of fn":   {ended(status(400), contract(picasso.ContractFn)), picasso.StatusFailed, "Function failed: it answered with status 400"},
		"own status 499":         {ended(status(499)), picasso.StatusFailed, "Function failed: it answered with status 499"},
		"exit code 65":           {ended(err(failed), exit(65), contract(picasso.ContractStdio)), picasso.StatusFailed, "Function failed: because"},
		"delivery refused":       {ended(err(picasso.CodeForbidden), delivery), picasso.StatusFailed, "Not allowed by policy: because"},
		"delegation has ended":   {ended(err(picasso.CodeConflict)), picasso.StatusFailed, "Conflict: because"},
		"delivery answered 410":  {ended(status(410), delivery, contract(picasso.ContractStdio)), picasso.StatusFailed, "Function failed: it answered with status 410"},
		"too old to try again":   {ended(err(failed), age(6*time.Hour)), picasso.StatusFailed, "Function failed: because; not tried again, as retry.max_age_s says"},
		"too old when it is due": {ended(err(failed), retry(61, 99, 120)), picasso.StatusFailed, "Function failed: because; not tried again, as retry.max_age_s says"},
		"lost":                   {ended(err(picasso.CodeBusy), retry(0, 1, 60), failures(9)), picasso.StatusLost, "No room on any host: because; not tried again, as retry.max_age_s says"},
		"lost to a slow host":    {ended(err(picasso.CodeWaitTimedOut), retry(0, 1, 60), failures(9)), picasso.StatusLost, "Timed out waiting for a sandbox: because; not tried again, as retry.max_age_s says"},
	} {
		t.Run(name, func(t *testing.T) {
			test.jitter = 1
			e := test.after()
			assert.Equal(t, test.status, e.Status)
			assert.Equal(t, test.reason, e.Reason)
			assert.Equal(t, test.now, e.FinishedAt)
			assert.Zero(t, e.RunAt)
			assert.EqualValues(t, 7, e.Revision)
			assert.Equal(t, "h", e.Host)
		})
	}
}

func TestAttemptIsRepeated(t *testing.T) {
	failed := picasso.CodeFunctionFailed
	for name, test := range map[string]struct {
		*attempt
		pause time.Duration
		used  int // attempts
	}{
		"first pause":                  {ended(err(failed), retry(10, 300, 9999), jitter(1)), 10 * time.Second, 1},
		"half of it is chance":         {ended(err(failed), retry(10, 300, 9999)), 5 * time.Second, 1},
		"second pause":                 {ended(err(failed), retry(10, 300, 9999), jitter(1), number(2)), 20 * time.Second, 2},
		"longest pause":                {ended(err(failed), retry(200, 300, 9999), jitter(1), number(2)), 300 * time.Second, 2},
		"no pause":                     {ended(err(failed), retry(0, 300, 9999), jitter(1), number(2)), 0, 2},
		"own status 500":               {ended(err(failed), status(500), retry(2, 2, 99)), time.Second, 1},
		"own status 408":               {ended(status(408), retry(2, 2, 99)), time.Second, 1},
		"own status 425":               {ended(status(425), retry(2, 2, 99)), time.Second, 1},
		"own status 429":               {ended(status(429), retry(2, 2, 99), contract(picasso.ContractFn)), time.Second, 1},
		"delivery answered 301":        {ended(err(failed), status(301), delivery, retry(2, 2, 99)), time.Second, 1},
		"delivery answered 503":        {ended(status(503), delivery, retry(2, 2, 99)), time.Second, 1},
		"exit code 1":                  {ended(err(failed), exit(1), contract(picasso.ContractStdio), retry(2, 2, 99)), time.Second, 1},
		"exit code 65 of a web server": {ended(err(picasso.CodeFunctionDied), exit(65), retry(2, 2, 99)), time.Second, 1},
		"time ran out":                 {ended(err(picasso.CodeTimedOut), retry(2, 2, 99)), time.Second, 1},
		"just young enough":            {ended(err(failed), retry(60, 60, 120), jitter(1)), 60 * time.Second, 1},
		"busy":                         {ended(err(picasso.CodeBusy), jitter(1)), 200 * time.Millisecond, 0},
		"busy, half of it is chance":   {ended(err(picasso.CodeBusy)), 100 * time.Millisecond, 0},
		"busy with the last attempt":   {ended(err(picasso.CodeBusy), jitter(1), number(3)), 200 * time.Millisecond, 2},
		"busy for the fourth time":     {ended(err(picasso.CodeBusy), jitter(1), failures(3)), 1600 * time.Millisecond, 0},
		"busy for long":                {ended(err(picasso.CodeBusy), jitter(1), failures(1000)), 30 * time.Second, 0},
		"busy and told how long":       {ended(err(picasso.CodeBusy), after(4*time.Second)), 4 * time.Second, 0},
		"told an absurd time":          {ended(err(picasso.CodeBusy), after(time.Hour)), 30 * time.Second, 0},
		"unavailable":                  {ended(err(picasso.CodeUnavailable), jitter(1)), 200 * time.Millisecond, 0},
		"host lost":                    {ended(err(picasso.CodeHostLost), jitter(1)), 200 * time.Millisecond, 0},
		"no sandbox in time":           {ended(err(picasso.CodeWaitTimedOut), jitter(1)), 200 * time.Millisecond, 0},
		"cancelled by no user":         {ended(err(picasso.CodeCancelled), jitter(1)), 200 * time.Millisecond, 0},
		"internal":                     {ended(err(picasso.CodeInternal), jitter(1)), 200 * time.Millisecond, 0},
		"paused for a week":            {ended(err(picasso.CodeBusy), jitter(1), age(7*24*time.Hour)), 200 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := test.after()
			assert.Equal(t, picasso.StatusQueued, e.Status)
			assert.Equal(t, test.pause, e.RunAt.Sub(test.now))
			assert.Equal(t, test.used, e.Attempt)
			assert.Zero(t, e.FinishedAt)
			assert.NotEmpty(t, e.Reason)
		})
	}
}

func TestGivingUp(t *testing.T) {
	for name, test := range map[string]struct {
		*attempt
		want bool
	}{
		"never tried, but paused for a week": {ended(retry(0, 1, 1), age(7*24*time.Hour)), false},
		"killed once after that":             {ended(retry(0, 1, 1), age(7*24*time.Hour), failures(1)), false},
		"killed twice":                       {ended(retry(0, 1, 1), age(7*24*time.Hour), failures(2)), true},
		"killed often, but young":            {ended(retry(0, 1, 99), failures(99)), false},
		"may be tried for long":              {ended(age(7*24*time.Hour), failures(99)), false},
		"was tried for as long":              {ended(age(7*24*time.Hour), failures(999)), true},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.givenUp()) })
	}
}

func TestReasonsAreBounded(t *testing.T) {
	a := ended(err(picasso.CodeFunctionFailed), age(24*time.Hour))
	a.outcome.Err.Detail = strings.Repeat("ä", 2000)
	assert.LessOrEqual(t, len(a.after().Reason), 1024)
}
