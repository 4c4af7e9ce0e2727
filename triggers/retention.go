package triggers

import (
	"errors"
	"time"

	"github.com/picasso-faas/picasso"
)

// Retention is section [retention] of picasso.conf. Ages count from when an
// execution, payload or log was made; what has not ended stays whatever its age.
type Retention struct {
	SucceededDays int `ini:"succeeded_days" help:"Days that records of executions that succeeded are kept, 0 to 36500. 0: for ever."`
	FailedDays    int `ini:"failed_days" help:"Days that records of all other executions are kept. 0: for ever."`
	PayloadDays   int `ini:"payload_days" help:"Days that inputs and results of asynchronous executions are kept; without its input, an execution cannot be redriven. 0: as long as the record."`
	LogDays       int `ini:"log_days" help:"Days that logs are kept. 0: as long as the record."`
}

// DefaultRetention returns the defaults.
func DefaultRetention() Retention {
	return Retention{SucceededDays: 7, FailedDays: 30, PayloadDays: 7, LogDays: 7}
}

// Validate checks the values. Errors: invalid, naming the option.
func (r Retention) Validate() error {
	return errors.Join(
		inDays("succeeded_days", r.SucceededDays), inDays("failed_days", r.FailedDays),
		inDays("payload_days", r.PayloadDays), inDays("log_days", r.LogDays),
	)
}

func inDays(option string, days int) error {
	if days < 0 || days > 36500 {
		return picasso.Errorf(picasso.CodeInvalid, "%s: must be from 0 to 36500", option)
	}
	return nil
}

// before says what may go at the given time.
func (r Retention) before(now time.Time) picasso.Retention {
	ago := func(days int) time.Time {
		if days == 0 {
			return time.Time{}
		}
		return now.AddDate(0, 0, -days)
	}
	return picasso.Retention{
		Succeeded: ago(r.SucceededDays), Ended: ago(r.FailedDays), Payloads: ago(r.PayloadDays), Logs: ago(r.LogDays),
	}
}
