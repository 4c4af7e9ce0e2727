package alarm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/peek"
)

const (
	knownAlarms = 10_000
	nameTime    = time.Minute // a name that was changed is believed for so long
)

// Names finds out what alarms are called, which notifications do not say.
type Names struct {
	peeker *peek.Peeker
	known  *lru.Cache[string, named]
	now    func() time.Time
}

// named is what is remembered of an alarm; without a name, that it is gone.
type named struct {
	Name     string `json:"name"`
	Severity string `json:"severity"`
	until    time.Time
}

// NewNames returns Names.
func NewNames(peeker *peek.Peeker, now func() time.Time) *Names {
	known, _ := lru.New[string, named](knownAlarms) // fails only for a size below 1
	return &Names{peeker: peeker, known: known, now: now}
}

// Name fills in name and severity of the alarm, as the trigger's project sees
// it, and reports whether there is such an alarm. Errors: conflict (the trigger
// does not work any more; the Detail is for its user), busy.
func (n *Names) Name(ctx context.Context, t *picasso.Trigger, transition *Transition) (found bool, err error) {
	key := t.ProjectID + " " + transition.AlarmID
	a, known := n.known.Get(key)
	if !known || n.now().After(a.until) {
		if a, err = n.ask(ctx, t, transition.AlarmID); err != nil {
			return false, err
		}
		a.until = n.now().Add(nameTime)
		n.known.Add(key, a)
	}
	transition.AlarmName = a.Name
	if transition.Severity == "" {
		transition.Severity = a.Severity
	}
	return a.Name != "", nil
}

func (n *Names) ask(ctx context.Context, t *picasso.Trigger, id string) (a named, err error) {
	answer, err := n.peeker.Ask(ctx, t, peek.Question{
		Service: "alarming", Method: http.MethodGet, Path: "/v2/alarms/" + url.PathEscape(id),
		Field: "alarm.alarm_name", Instead: "name the alarm by its alarm_id",
	})
	if err != nil || answer.Status != http.StatusOK {
		return a, err
	}
	if err := json.Unmarshal(answer.Body, &a); err != nil {
		return a, picasso.Errorf(picasso.CodeBusy, "Aodh's answer cannot be read").WithCause(err)
	}
	return a, nil
}
