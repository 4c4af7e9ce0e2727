package picasso

import (
	"time"
)

// Schedule says when a trigger fires: exactly one of Cron, EveryS and At is set.
type Schedule struct {
	Cron     string    `json:"cron,omitempty"`    // five fields, or @hourly, @daily, @weekly, @monthly, @yearly
	EveryS   int       `json:"every_s,omitempty"` // seconds, 1..31536000, counted from StartAt or the creation
	At       time.Time `json:"at,omitzero"`       // once
	Timezone string    `json:"timezone"`          // IANA name, for Cron; default UTC
	StartAt  time.Time `json:"start_at,omitzero"` // fires at or after it
	EndAt    time.Time `json:"end_at,omitzero"`   // fires before it
	MaxRuns  int       `json:"max_runs"`          // 0: any number
	Overlap  Overlap   `json:"overlap"`
	CatchUp  CatchUp   `json:"catch_up"`
}

// Overlap says what happens when a schedule fires while its last execution
// has not ended.
type Overlap string

// The policies of overlap.
const (
	OverlapAllow Overlap = "allow"
	OverlapSkip  Overlap = "skip" // the fire passes by
)

// CatchUp says what becomes of fires that nobody was there for: the service was
// down. What passes while a trigger is disabled is never caught up with.
type CatchUp string

// The policies of catching up.
const (
	CatchUpNone CatchUp = "none"
	CatchUpLast CatchUp = "last" // one of them
	CatchUpAll  CatchUp = "all"
)

// Clock is where a schedule stands.
type Clock struct {
	NextAt time.Time `json:"next_run_at,omitzero"` // zero: never again
	LastAt time.Time `json:"last_run_at,omitzero"` // when it was due, not when it ran
	Runs   int       `json:"runs"`                 // fires so far; passed by ones do not count
}

func (s *Schedule) validate() error {
	if s.Timezone == "" {
		s.Timezone = "UTC"
	}
	if s.Overlap == "" {
		s.Overlap = OverlapAllow
	}
	if s.CatchUp == "" {
		s.CatchUp = CatchUpLast
	}
	kinds := 0
	for _, set := range []bool{s.Cron != "", s.EveryS != 0, !s.At.IsZero()} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds == 0: // perhaps it was given, as 0
		return Errorf(CodeInvalid, "schedule: exactly one of cron, every_s (from 1 to 31536000) and at is required")
	case kinds != 1:
		return Errorf(CodeInvalid, "schedule: exactly one of cron, every_s and at is required")
	case s.EveryS != 0 && (s.EveryS < 1 || s.EveryS > 31536000):
		return Errorf(CodeInvalid, "schedule.every_s: must be from 1 to 31536000")
	case len(s.Cron) > 255:
		return Errorf(CodeInvalid, "schedule.cron: is longer than 255 bytes")
	case !s.StartAt.IsZero() && !s.EndAt.IsZero() && !s.EndAt.After(s.StartAt):
		return Errorf(CodeInvalid, "schedule.end_at: must be after start_at")
	case s.MaxRuns < 0:
		return Errorf(CodeInvalid, "schedule.max_runs: must not be negative")
	}
	if err := oneOf("schedule.overlap", s.Overlap, OverlapAllow, OverlapSkip); err != nil {
		return err
	}
	return oneOf("schedule.catch_up", s.CatchUp, CatchUpNone, CatchUpLast, CatchUpAll)
}

// Calendar knows when a schedule fires.
type Calendar interface {
	// Next returns the first time after the given one at which the schedule of
	// a trigger of that age fires, zero when it never does. Errors: invalid,
	// naming the field (a cron expression or time zone that does not exist).
	Next(s *Schedule, created, after time.Time) (time.Time, error)
}

// Firing is one step of a schedule's clock.
type Firing struct {
	TriggerID string
	Due       time.Time // the NextAt that was acted on; the step is void when it is another by now
	Clock     Clock     // as it is afterwards
	// Submissions are the executions to make: none when the fire passes by,
	// several when a schedule catches up. Each has TriggerID and EventID.
	Submissions []Submission
}
