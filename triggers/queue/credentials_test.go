package queue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// keystone is a picasso.Delegator that answers with one error after the other,
// then with credentials. How long they were to last is written down.
type keystone struct {
	picasso.Delegator

	mu      sync.Mutex
	errs    []error
	lasting []time.Duration
}

func (k *keystone) Credentials(_ context.Context, trustID string, lasting time.Duration) (*picasso.Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lasting = append(k.lasting, lasting)
	if len(k.errs) > 0 {
		err := k.errs[0]
		k.errs = k.errs[1:]
		return nil, err
	}
	return &picasso.Credentials{Token: "secret token of " + trustID, UserID: "alice"}, nil
}

func (k *keystone) asked() []time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lasting
}

func delegated(fn *picasso.Function) {
	fn.DelegateRoles, fn.Trust = []string{"member"}, &picasso.Trust{ID: "trust-1", UserID: "alice"}
	fn.TimeoutS, fn.QueueTimeoutS = 40, 20
}

func TestExecutionsGetTheirCredentials(t *testing.T) {
	gone := picasso.Errorf(picasso.CodeConflict, "delegate_roles: the delegation has ended")
	away := picasso.Errorf(picasso.CodeUnavailable, "Keystone does not answer")
	for name, test := range map[string]struct {
		keystone picasso.Delegator
		edit     func(*picasso.Function)
		status   picasso.Status
		reason   string
		asked    int
		runs     int
		attempt  int
	}{
		"delegated":             {&keystone{}, delegated, picasso.StatusSucceeded, "", 1, 1, 1},
		"not delegated":         {&keystone{}, func(*picasso.Function) {}, picasso.StatusSucceeded, "", 0, 1, 1},
		"no Keystone, no need":  {nil, func(*picasso.Function) {}, picasso.StatusSucceeded, "", 0, 1, 1},
		"Keystone is away":      {&keystone{errs: []error{away, away}}, delegated, picasso.StatusSucceeded, "", 3, 1, 1},
		"the trust has gone":    {&keystone{errs: []error{gone, gone, gone}}, delegated, picasso.StatusFailed, "Conflict: delegate_roles: the delegation has ended", 1, 0, 1},
		"no Keystone, but need": {nil, delegated, picasso.StatusFailed, "Conflict: delegate_roles: this service cannot act for projects, as it runs without Keystone", 0, 0, 1},
	} {
		databases(t, func(t *testing.T, store *db.Store) {
			k, _ := test.keystone.(*keystone)
			if k != nil {
				k = &keystone{errs: k.errs} // of this database
			}
			engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
				assert.Equal(t, len(call.Function.DelegateRoles) > 0, call.Credentials != nil, name)
				if call.Credentials != nil {
					assert.Equal(t, "secret token of trust-1", call.Credentials.Token)
					assert.Equal(t, 2, call.Depth)
				}
				return triggerstest.Succeed(call, w, c)
			}}
			start(t, store, engine, func(c *queue.Config) {
				if k != nil {
					c.Delegator = k
				}
			})
			id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1", test.edit), func(s *picasso.Submission) { s.Depth = 2 })
			e := triggerstest.Await(t, store, id, test.status)
			assert.Equal(t, test.reason, e.Reason, name)
			assert.Equal(t, test.attempt, e.Attempt, name)
			assert.Equal(t, test.runs, engine.Runs(id), name)
			if k == nil {
				return
			}
			assert.Len(t, k.asked(), test.asked, name)
			for _, lasting := range k.asked() {
				assert.Equal(t, time.Minute, lasting, "its time to wait and its time to run")
			}
		})
	}
}

// A delivery to a URL is not the function's business.
func TestDeliveriesGetNoCredentials(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		k := &keystone{}
		start(t, store, &triggerstest.Engine{Serve: triggerstest.Succeed}, func(c *queue.Config) { c.Delegator = k })
		fn := triggerstest.Function(t, store, "p1", delegated)
		id := triggerstest.Enqueue(t, store, fn, func(s *picasso.Submission) { s.Destination, s.MaxAttempts = "https://127.0.0.1:1/", 1 })
		triggerstest.Await(t, store, id, picasso.StatusFailed)
		assert.Empty(t, k.asked())
	})
}

// Whatever an execution leaves behind, its token is not in it.
func TestTokensAreNotKept(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		var logged bytes.Buffer
		log := logrus.New()
		log.SetLevel(logrus.TraceLevel)
		log.SetOutput(&logged)
		var once sync.Once
		engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
			once.Do(func() { panic(*call) }) // which the Runner logs with all that is in it
			return triggerstest.Succeed(call, w, c)
		}}
		p := start(t, store, engine, func(c *queue.Config) { c.Delegator, c.Log = &keystone{}, log })
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1", delegated))
		e := triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		p.end()
		record, err := json.Marshal(e)
		require.NoError(t, err)
		result, err := store.ExecutionResult(t.Context(), "p1", id)
		require.NoError(t, err)
		assert.Contains(t, logged.String(), "an execution panicked")
		for _, text := range []string{string(record), string(result.Body), logOf(t, store, id), logged.String()} {
			assert.NotContains(t, text, "secret token")
		}
	})
}
