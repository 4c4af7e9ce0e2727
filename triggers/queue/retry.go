package queue

import (
	"net/http"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// attempt is an attempt that has ended, and all that decides what comes of it.
type attempt struct {
	*picasso.Claimed
	outcome picasso.Outcome
	now     time.Time
	jitter  float64 // 0 to 1
}

// after returns the execution as it is after the attempt: ended, or queued
// for the next one.
func (a *attempt) after() picasso.Execution {
	e := a.Execution
	e.Apply(&a.outcome, a.now)
	e.Revision, e.Reason, e.RunAt = a.Function.Revision, "", time.Time{}
	failed := failure(&a.outcome)
	switch {
	case failed == nil:
		e.Status = picasso.StatusSucceeded
	case isPlatform(failed.Code):
		e.Attempt--
		a.again(&e, failed, a.platformPause(failed.RetryAfter))
	case e.Attempt < e.MaxAttempts && a.worthwhile(failed.Code):
		a.again(&e, failed, a.pause())
	default:
		e.Status, e.Reason = failed.Failed()
	}
	return e
}

// again queues the execution anew, unless it is too old for that.
func (a *attempt) again(e *picasso.Execution, failed *picasso.Error, pause time.Duration) {
	at := a.now.Add(pause)
	if a.tooOld(failed.Code, at) {
		late := *failed
		late.Detail += "; not tried again, as retry.max_age_s says"
		if e.Status, e.Reason = late.Failed(); isPlatform(failed.Code) {
			e.Status = picasso.StatusLost
		}
		return
	}
	_, e.Reason = failed.Failed()
	e.Status, e.RunAt, e.FinishedAt = picasso.StatusQueued, at.UTC().Truncate(time.Microsecond), time.Time{}
}

// tooOld reports whether retry.max_age_s forbids to try again at the given
// time. Where the platform failed it must have been trying for as long, too:
// what was paused for a week is not lost because hosts are full when it is
// resumed.
func (a *attempt) tooOld(code picasso.Code, at time.Time) bool {
	age := time.Duration(a.Function.Retry.MaxAgeS) * time.Second
	if at.Sub(a.CreatedAt) <= age {
		return false
	}
	tried := time.Duration(0)
	for n := 0; n <= a.Failures && tried <= age; n++ {
		tried += doubled(platformMin, n, platformMax)
	}
	return !isPlatform(code) || tried > age
}

// givenUp reports whether an execution that was claimed is not to be run any
// more: the processes that had it in hand went away, one after the other, until
// it was too old.
func (a *attempt) givenUp() bool { return a.Failures > 0 && a.tooOld(picasso.CodeHostLost, a.now) }

// before is why the platform failed it before.
func (a *attempt) before() *picasso.Error {
	title, detail, _ := strings.Cut(a.Reason, ": ")
	return &picasso.Error{Code: picasso.CodeHostLost, Title: title, Detail: detail}
}

// pause is the pause after an attempt that failed. Half of it is left to
// chance, so that what failed together is not tried again together.
func (a *attempt) pause() time.Duration {
	retry := a.Function.Retry
	lowest, highest := time.Duration(retry.MinDelayS)*time.Second, time.Duration(retry.MaxDelayS)*time.Second
	return a.jittered(doubled(lowest, a.Attempt-1, highest))
}

// Bounds of the pause after an attempt that the platform failed.
const (
	platformMin = 200 * time.Millisecond
	platformMax = 30 * time.Second
)

// platformPause is the pause after an attempt that the platform failed: at
// least as long as who refused it says.
func (a *attempt) platformPause(least time.Duration) time.Duration {
	pause := a.jittered(doubled(platformMin, a.Failures, platformMax))
	least = min(least, platformMax)
	return max(pause, least+time.Duration(a.jitter*float64(least)/2))
}

func (a *attempt) jittered(d time.Duration) time.Duration {
	return d/2 + time.Duration(a.jitter*float64(d)/2)
}

// doubled is d doubled n times, at most limit.
func doubled(d time.Duration, n int, limit time.Duration) time.Duration {
	for ; n > 0 && d > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}

// failure is why an attempt failed, nil when it did not. Nobody waits for the
// answer, so that an own status of 4xx is a failure here, too.
func failure(o *picasso.Outcome) *picasso.Error {
	if o.Err == nil && o.HTTPStatus >= http.StatusBadRequest {
		return picasso.Errorf(picasso.CodeFunctionFailed, "it answered with status %d", o.HTTPStatus)
	}
	return o.Err
}

// isPlatform reports whether a failure is the platform's and not the function's.
// Cancelled is among them: when a user cancels, the record says so before the
// engine hears of it, and nothing is settled.
func isPlatform(code picasso.Code) bool {
	switch code {
	case picasso.CodeCancelled, picasso.CodeBusy, picasso.CodeUnavailable, picasso.CodeHostLost, picasso.CodeWaitTimedOut, picasso.CodeInternal:
		return true
	}
	return false
}

// exitDataErr is how a command says that its input is wrong and will be the
// next time: EX_DATAERR of sysexits.h.
const exitDataErr = 65

// worthwhile reports whether the function may do better another time. By the
// signs of its contract it can say that it will not. A delivery to a forbidden
// address is not, nor is a function whose delegation has ended.
func (a *attempt) worthwhile(code picasso.Code) bool {
	if code == picasso.CodeForbidden || code == picasso.CodeConflict {
		return false
	}
	if a.Destination == "" && a.Function.Contract == picasso.ContractStdio {
		return a.outcome.ExitCode == nil || *a.outcome.ExitCode != exitDataErr
	}
	switch status := a.outcome.HTTPStatus; status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	default:
		return status < 400 || status > 499
	}
}
