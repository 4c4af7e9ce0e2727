package api

import (
	"time"

	"github.com/picasso-faas/picasso"
)

// wind sets the clock of a schedule to go on from now: what would have fired
// before is not caught up with. With mustFire it is an error that it never fires again.
func (s *Server) wind(t *picasso.Trigger, mustFire bool) error {
	if t.Schedule == nil {
		return nil
	}
	next, err := s.Calendar.Next(t.Schedule, t.CreatedAt, s.timestamp())
	if err != nil {
		return err
	}
	if mustFire && next.IsZero() {
		return invalid("schedule: never fires from now on")
	}
	clock := picasso.Clock{}
	if t.Clock != nil {
		clock = *t.Clock
	}
	clock.NextAt = next
	if ran := t.Schedule.MaxRuns > 0 && clock.Runs >= t.Schedule.MaxRuns; ran || !t.Enabled {
		clock.NextAt = time.Time{}
	}
	t.Clock = &clock
	return nil
}
