package picasso

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestStatusAndReasonOfAFailure(t *testing.T) {
	for code, want := range map[Code]Status{
		CodeTimedOut: StatusTimedOut, CodeWaitTimedOut: StatusTimedOut, CodeNotReady: StatusFailed,
		CodeCancelled: StatusCancelled, CodeFunctionFailed: StatusFailed, CodeHostLost: StatusFailed, CodeInternal: StatusFailed,
	} {
		status, reason := Errorf(code, "because").Failed()
		assert.Equal(t, want, status, code)
		assert.Equal(t, code.Title()+": because", reason)
	}
	_, reason := (&Error{Code: CodeBusy, Title: "No room"}).Failed()
	assert.Equal(t, "No room", reason)
}

func TestReasonsAreBounded(t *testing.T) {
	_, reason := Errorf(CodeFunctionDied, "%s", strings.Repeat("€", 1000)).Failed()
	assert.LessOrEqual(t, len(reason), maxReasonBytes)
	assert.Greater(t, len(reason), maxReasonBytes-3)
	assert.NotContains(t, reason, "\ufffd")
}

func TestARecordTakesOverWhatBecameOfACall(t *testing.T) {
	code := 65
	started := time.Date(2026, 3, 29, 3, 0, 0, 123456789, time.FixedZone("CEST", 7200))
	e := Execution{Status: StatusRunning, Reason: "as before"}
	e.Apply(&Outcome{
		Started: started, Wait: 1500 * time.Microsecond, ColdStart: time.Millisecond, Run: 2 * time.Second,
		ExitCode: &code, HTTPStatus: 418, Host: "host-1", InputBytes: 1, OutputBytes: 2,
	}, started.Add(2*time.Second))
	at := time.Date(2026, 3, 29, 1, 0, 0, 123456000, time.UTC)
	assert.Equal(t, Execution{
		Status: StatusRunning, Reason: "as before", StartedAt: at, FinishedAt: at.Add(2 * time.Second),
		WaitMS: 1.5, ColdStartMS: 1, RunMS: 2000, ExitCode: &code, HTTPStatus: 418, Host: "host-1", InputBytes: 1, OutputBytes: 2,
	}, e)
	e.Apply(&Outcome{}, started)
	assert.True(t, e.StartedAt.IsZero(), "it never reached a sandbox")
}

func TestStatusesThatAreForGood(t *testing.T) {
	for status, ended := range map[Status]bool{
		StatusQueued: false, StatusRunning: false, StatusSucceeded: true, StatusFailed: true,
		StatusTimedOut: true, StatusCancelled: true, StatusLost: true,
	} {
		assert.Equal(t, ended, status.Ended(), status)
	}
}
