package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
)

// user sends a request of a user with roles in project alpha and wants the status.
func (k *kit) user(status int, user, roles, method, path, body string) apitest.Answer {
	k.t.Helper()
	answer := k.as("alpha", roles, method, path, body, "X-User-Id", user)
	require.Equal(k.t, status, answer.StatusCode, "%s", answer.Text)
	return answer
}

const (
	plain    = "member,reader"
	creator  = "creator,member,reader"
	acting   = `{"name":"act","image":"i","delegate_roles":["member"]}`
	lookOnly = `{"name":"look","function":"f","type":"swift","swift":{"container":"c"}}`
)

// inUse are the trusts that functions and triggers of project alpha have.
func (k *kit) inUse() map[string]picasso.Trust {
	k.t.Helper()
	used := map[string]picasso.Trust{}
	note := func(trust *picasso.Trust) {
		if trust != nil {
			used[trust.ID] = *trust
		}
	}
	fns, _, err := k.store.Functions(k.t.Context(), picasso.FunctionFilter{ProjectID: "alpha"}, picasso.Page{Limit: 100})
	require.NoError(k.t, err)
	for _, fn := range fns {
		note(fn.Trust)
	}
	triggers, _, err := k.store.Triggers(k.t.Context(), picasso.TriggerFilter{ProjectID: "alpha"}, picasso.Page{Limit: 100})
	require.NoError(k.t, err)
	for _, t := range triggers {
		note(t.Trust)
	}
	return used
}

// noLeak wants each trust to be in use or dropped.
func (k *kit) noLeak() {
	k.t.Helper()
	dropped, err := k.store.DroppedTrusts(k.t.Context(), 100)
	require.NoError(k.t, err)
	known := append(slices.Collect(maps.Keys(k.inUse())), dropped...)
	assert.ElementsMatch(k.t, slices.Collect(maps.Keys(k.trusts.Trusts())), known)
}

// only is the one trust that is in use.
func (k *kit) only() apitest.Delegated {
	k.t.Helper()
	used := k.inUse()
	require.Len(k.t, used, 1)
	for id, trust := range used {
		given, ok := k.trusts.Trusts()[id]
		require.True(k.t, ok, "it was revoked")
		assert.Equal(k.t, trust.UserID, given.UserID)
		return given
	}
	return apitest.Delegated{}
}

func TestRolesOfAFunction(t *testing.T) {
	k := setup(t)
	fn := k.user(201, "ann", plain, "POST", "/v2/functions", acting).JSON(t)
	assert.Equal(t, []any{"member"}, fn["delegate_roles"])
	assert.NotContains(t, fn, "trust")
	assert.Equal(t, apitest.Delegated{UserID: "ann", ProjectID: "alpha", Roles: []string{"member"}}, k.only())

	for _, tt := range []struct {
		why, user, roles, patch string
		status, made            int
		trustor                 string
	}{
		{"nothing that matters", "bob", plain, `{"description":"x","timeout_s":30}`, 200, 0, "ann"},
		{"the trustor", "ann", plain, `{"image":"j"}`, 200, 0, "ann"},
		{"the trustor with a token that has less", "ann", creator, `{"delegate_roles":["creator","reader"]}`, 200, 1, "ann"},
		{"as a function has it", "ann", plain, `{"config":{"A":"1"}}`, 403, 0, "ann"},
		{"somebody else who lacks a role", "bob", plain, `{"config":{"A":"1"}}`, 403, 0, "ann"},
		{"somebody else", "bob", creator, `{"config":{"A":"1"}}`, 200, 1, "bob"},
		{"the same roles", "bob", creator, `{"delegate_roles":["creator","reader"]}`, 200, 1, "bob"},
		{"roles that one has not", "ann", plain, `{"delegate_roles":["creator"]}`, 403, 0, "bob"},
		{"too many", "ann", plain, `{"delegate_roles":["a","a"]}`, 400, 0, "bob"},
		{"the name is no revision", "ann", plain, `{"public":true}`, 200, 0, "bob"},
	} {
		before := k.trusts.Made()
		k.user(tt.status, tt.user, tt.roles, "PATCH", "/v2/functions/act", tt.patch)
		assert.Equal(t, tt.made, k.trusts.Made()-before, tt.why)
		assert.Equal(t, tt.trustor, k.only().UserID, tt.why)
		k.noLeak()
	}
	fn = k.user(200, "ann", "reader,member", "PATCH", "/v2/functions/act", `{"delegate_roles":null}`).JSON(t)
	assert.Equal(t, []any{}, fn["delegate_roles"])
	assert.Empty(t, k.inUse())
	k.noLeak()
}

func TestAnotherProjectCannotDelegate(t *testing.T) {
	k := setup(t)
	fn := k.user(201, "ann", plain, "POST", "/v2/functions", acting).JSON(t)
	operator := func(patch string) apitest.Answer {
		return k.as("operators", "admin,member", "PATCH", "/v2/functions/"+fn["id"].(string), patch, "X-User-Id", "root")
	}
	assert.Equal(t, 200, operator(`{"enabled":false}`).StatusCode)
	a := operator(`{"image":"other"}`)
	assert.Equal(t, 403, a.StatusCode)
	assert.Equal(t, "delegate_roles: can only be delegated with a token of the object's own project", errorDetail(t, a))
	assert.Equal(t, "ann", k.only().UserID)
	assert.Equal(t, 200, operator(`{"image":"other","delegate_roles":[]}`).StatusCode)
}

func TestTrustsOfTriggers(t *testing.T) {
	k := setupWithF(t, func(c *api.Config) { c.TriggerRoles = []string{"reader"} })
	for body, roles := range map[string][]string{
		lookOnly: {"reader"},
		`{"name":"look","function":"f","type":"swift","swift":{"container":"c"},"delegate_roles":["member"]}`:     {"member"},
		`{"name":"look","function":"f","type":"swift","swift":{"container":"c","verify":false}}`:                  nil,
		`{"name":"look","function":"f","type":"alarm","alarm":{"alarm_name":"hot"}}`:                              {"reader"},
		`{"name":"look","function":"f","type":"alarm","alarm":{"alarm_id":"x"}}`:                                  nil,
		`{"name":"look","function":"f","type":"schedule","schedule":{"every_s":60}}`:                              nil,
		`{"name":"look","function":"f","type":"schedule","schedule":{"every_s":60},"delegate_roles":["creator"]}`: {"creator"},
	} {
		k.user(201, "ann", creator, "POST", "/v2/triggers", body)
		if roles == nil {
			assert.Empty(t, k.inUse(), body)
		} else {
			assert.Equal(t, apitest.Delegated{UserID: "ann", ProjectID: "alpha", Roles: roles}, k.only(), body)
		}
		k.user(204, "ann", plain, "DELETE", "/v2/triggers/look", "")
		k.noLeak()
	}
}

func TestChangesOfTrustsOfTriggers(t *testing.T) {
	k := setupWithF(t)
	k.function(`{"name":"g","image":"i"}`)
	k.user(201, "ann", plain, "POST", "/v2/triggers", lookOnly)
	for _, tt := range []struct {
		user, roles, patch string
		status, made       int
		trustor            string // "": nobody
	}{
		{"bob", plain, `{"name":"see"}`, 200, 0, "ann"},
		{"bob", plain, `{"name":"look","enabled":false}`, 200, 0, "ann"},
		{"ann", plain, `{"swift":{"container":"d"},"enabled":true}`, 200, 0, "ann"},
		{"bob", plain, `{"swift":{"container":"c"}}`, 200, 1, "bob"},
		{"bob", plain, `{"swift":{"verify":false}}`, 200, 0, ""},
		{"ann", plain, `{"swift":{"verify":true}}`, 200, 1, "ann"},
		{"ann", creator, `{"delegate_roles":["creator"]}`, 200, 1, "ann"},
		{"ann", plain, `{"function":"g"}`, 403, 0, "ann"},
		{"bob", plain, `{"function":"g"}`, 403, 0, "ann"},
		{"bob", plain, `{"input_template":"x"}`, 403, 0, "ann"},
		{"bob", creator, `{"function":"g"}`, 200, 1, "bob"},
		{"bob", creator, `{"delegate_roles":["creator"]}`, 200, 1, "bob"},
		{"ann", plain, `{"delegate_roles":[]}`, 200, 1, "ann"},
		{"ann", plain, `{"swift":{"verify":false}}`, 200, 0, ""},
	} {
		before := k.trusts.Made()
		k.user(tt.status, tt.user, tt.roles, "PATCH", "/v2/triggers/"+k.onlyTrigger(), tt.patch)
		assert.Equal(t, tt.made, k.trusts.Made()-before, tt.patch)
		if tt.trustor == "" {
			assert.Empty(t, k.inUse(), tt.patch)
		} else {
			assert.Equal(t, tt.trustor, k.only().UserID, tt.patch)
		}
		k.noLeak()
	}
}

func (k *kit) onlyTrigger() string {
	k.t.Helper()
	list := k.member(200, "GET", "/v2/triggers", "").JSON(k.t)["triggers"].([]any)
	require.Len(k.t, list, 1)
	return list[0].(map[string]any)["id"].(string)
}

// A user who may change functions must not get at what others have delegated
// to them: by code, by the code of what a trigger fires, or by the environment of an app.
func TestNobodyRunsWhatHeLikesWithTheRolesOfOthers(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"shop"}`)
	k.member(201, "POST", "/v2/apps", `{"name":"shop2"}`)
	k.function(`{"name":"f","app":"shop","image":"i"}`)
	k.user(201, "ann", creator, "POST", "/v2/triggers",
		`{"name":"t","function":"shop:f","type":"schedule","schedule":{"every_s":60},"delegate_roles":["creator"]}`)
	refused := func(path, patch, who string) {
		t.Helper()
		a := k.user(409, "bob", plain, "PATCH", path, patch)
		assert.Equal(t, who+" has roles that somebody else has delegated, or this token has fewer: set its delegate_roles first", errorDetail(t, a))
	}
	refused("/v2/functions/shop:f", `{"image":"evil"}`, `trigger "t"`)
	refused("/v2/functions/shop:f", `{"app":"default"}`, `trigger "t"`)
	refused("/v2/apps/shop", `{"config":{"LD_PRELOAD":"evil"}}`, `trigger "t"`)
	k.user(200, "bob", plain, "PATCH", "/v2/functions/shop:f", `{"description":"mine"}`)
	k.user(200, "bob", plain, "PATCH", "/v2/apps/shop", `{"description":"mine","name":"store"}`)
	k.user(200, "bob", plain, "PATCH", "/v2/apps/shop2", `{"config":{"A":"1"}}`)
	k.user(200, "ann", creator, "PATCH", "/v2/apps/store", `{"config":{"A":"1"}}`)
	k.user(200, "ann", creator, "PATCH", "/v2/functions/store:f", `{"image":"good"}`)
	k.user(200, "bob", plain, "PATCH", "/v2/triggers/t", `{"delegate_roles":["member"]}`)
	k.user(200, "bob", plain, "PATCH", "/v2/functions/store:f", `{"image":"his own"}`)

	k.user(201, "ann", plain, "POST", "/v2/functions", `{"name":"act","app":"shop2","image":"i","delegate_roles":["member"]}`)
	refused("/v2/apps/shop2", `{"config":{"LD_PRELOAD":"evil"}}`, `function "act"`)
	k.noLeak()
}

func TestWithoutKeystoneNothingIsDelegated(t *testing.T) {
	k := setupWithF(t, withoutKeystone)
	for body, detail := range map[string]string{
		lookOnly: "swift.verify: must be false without Keystone",
		`{"name":"t","function":"f","type":"alarm","alarm":{"alarm_name":"hot"}}`:                             "alarm.alarm_name: cannot be looked up without Keystone",
		`{"name":"t","function":"f","type":"schedule","schedule":{"every_s":60},"delegate_roles":["member"]}`: "delegate_roles: must be empty without Keystone",
	} {
		assert.Equal(t, detail, errorDetail(t, k.member(400, "POST", "/v2/triggers", body)))
	}
	assert.Equal(t, "delegate_roles: must be empty without Keystone", errorDetail(t, k.member(400, "POST", "/v2/functions", acting)))
	k.trigger("t", "swift", `{"container":"c","verify":false}`, "")
	k.member(200, "PATCH", "/v2/triggers/t", `{"swift":{"container":"d"}}`)
	assert.Equal(t, "swift.verify: must be false without Keystone", errorDetail(t, k.member(400, "PATCH", "/v2/triggers/t", `{"swift":{"verify":null}}`)))
}

// faulty is a store that fails to write, and to drop trusts where that is said.
type faulty struct {
	picasso.FunctionStore
	picasso.TriggerStore
	picasso.TrustStore
	dropFails bool
}

var errDown = picasso.Errorf(picasso.CodeUnavailable, "database: does not answer").WithCause(errors.New("down"))

func (f *faulty) CreateFunction(context.Context, *picasso.Function) error            { return errDown }
func (f *faulty) UpdateFunction(context.Context, *picasso.Function, time.Time) error { return errDown }
func (f *faulty) CreateTrigger(context.Context, *picasso.Trigger) error              { return errDown }
func (f *faulty) UpdateTrigger(context.Context, *picasso.Trigger, time.Time) error   { return errDown }
func (f *faulty) DropTrust(ctx context.Context, id string) error {
	if f.dropFails {
		return errDown
	}
	return f.TrustStore.DropTrust(ctx, id)
}

func TestNoTrustIsLeft(t *testing.T) {
	var keystoneDown bool
	var broken *faulty
	k := setup(t, func(c *api.Config) {
		broken = &faulty{FunctionStore: c.Functions, TriggerStore: c.Triggers, TrustStore: c.Trusts}
		c.Functions, c.Triggers, c.Trusts = broken, broken, broken
		c.Delegator.(*apitest.Delegator).OnRevoke = func(string) error {
			if keystoneDown {
				return picasso.Errorf(picasso.CodeUnavailable, "Keystone does not answer")
			}
			return nil
		}
	})
	stored(t, k)
	for _, tt := range []struct{ keystoneDown, dropFails bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		keystoneDown, broken.dropFails = tt.keystoneDown, tt.dropFails
		for path, body := range map[string]string{"/v2/functions": acting, "/v2/triggers": lookOnly} {
			k.user(503, "ann", plain, "POST", path, body)
		}
		for path, body := range map[string]string{"/v2/functions/act": `{"delegate_roles":["member"]}`, "/v2/triggers/look": `{"delegate_roles":["reader"]}`} {
			k.user(503, "ann", plain, "PATCH", path, body)
		}
		if !tt.keystoneDown || !tt.dropFails {
			k.noLeak()
		}
	}
	var lost []string
	for _, line := range k.Log.AllEntries() {
		if line.Level == logrus.ErrorLevel {
			lost = append(lost, line.Data["trust_id"].(string))
		}
	}
	assert.Len(t, lost, 4, "which nobody can mend but who reads the log")
}

// stored stores what can be updated past a faulty store.
func stored(t *testing.T, k *kit) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	fn := picasso.Function{ID: nobody, ProjectID: "alpha", FunctionSpec: picasso.DefaultFunctionSpec(), Revision: 1, CreatedAt: now, UpdatedAt: now}
	fn.Name, fn.Image = "act", "i"
	require.NoError(t, k.store.CreateFunction(t.Context(), &fn))
	no := false
	trigger := picasso.Trigger{ID: nobody, ProjectID: "alpha", CreatedAt: now, UpdatedAt: now}
	trigger.TriggerSpec = picasso.TriggerSpec{Name: "look", Function: "act", Type: picasso.TriggerSwift, Swift: &picasso.Swift{Container: "c", Events: []string{"created"}, Verify: &no}}
	require.NoError(t, k.store.CreateTrigger(t.Context(), &trigger))
	fn.ID, fn.Name = "00000000-0000-4000-8000-000000000001", "f"
	require.NoError(t, k.store.CreateFunction(t.Context(), &fn))
}

func TestATakenNameLeavesNoTrust(t *testing.T) {
	k := setupWithF(t)
	k.user(201, "ann", plain, "POST", "/v2/functions", acting)
	k.user(409, "ann", plain, "POST", "/v2/functions", acting)
	k.user(201, "ann", plain, "POST", "/v2/triggers", lookOnly)
	k.user(409, "ann", plain, "POST", "/v2/triggers", lookOnly)
	assert.Equal(t, 4, k.trusts.Made())
	assert.Len(t, k.trusts.Trusts(), 2)
	assert.Len(t, k.inUse(), 2)
	k.user(400, "ann", plain, "POST", "/v2/triggers", `{"name":"x","function":"absent","type":"swift","swift":{"container":"c"}}`)
	assert.Equal(t, 4, k.trusts.Made(), "what costs less is checked first")
}

func TestCredentialsOfACall(t *testing.T) {
	k := setupWithF(t)
	var seen []*picasso.Credentials
	k.engine.OnInvoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		seen = append(seen, call.Credentials)
		return apitest.Echo(ctx, call, w)
	}
	made := k.user(201, "ann", plain, "POST", "/v2/functions",
		`{"name":"act","image":"i","public":true,"delegate_roles":["member"],"timeout_s":7,"queue_timeout_s":5}`).JSON(t)
	k.member(200, "POST", "/v2/functions/act/invoke", "x")
	assert.Equal(t, 200, k.Do("GET", "/f/"+made["id"].(string), "").StatusCode)
	k.member(200, "POST", "/v2/functions/f/invoke", "x")
	require.Len(t, seen, 3)
	assert.Equal(t, "ann", seen[0].UserID)
	assert.Equal(t, "alpha", seen[1].ProjectID)
	assert.Nil(t, seen[2])
	assert.Equal(t, []time.Duration{12 * time.Second, 12 * time.Second}, k.trusts.Asked())

	for id := range k.trusts.Trusts() {
		require.NoError(t, k.trusts.Revoke(t.Context(), id))
	}
	a := k.member(409, "POST", "/v2/functions/act/invoke", "x")
	assert.Equal(t, "delegate_roles: the trust is gone", errorDetail(t, a))
	record := k.member(200, "GET", "/v2/executions/"+a.Header.Get("Picasso-Execution-Id"), "").JSON(t)
	assert.Equal(t, "failed", record["status"])
	assert.Contains(t, record["reason"], "the trust is gone", "whose callers are not its owner")
	assert.Len(t, seen, 3, "it did not run")

	var log bytes.Buffer
	for _, line := range k.Log.AllEntries() {
		require.NoError(t, json.NewEncoder(&log).Encode(line.Data))
	}
	assert.NotContains(t, log.String(), "token of")
	assert.NotContains(t, k.member(200, "GET", "/v2/executions", "").Text, "token of")
}

func TestAFunctionThatWasDelegatedWhenThereWasAKeystone(t *testing.T) {
	k := setupWithF(t, withoutKeystone)
	fn, err := k.store.Function(t.Context(), "alpha", "f")
	require.NoError(t, err)
	before := fn.UpdatedAt
	fn.DelegateRoles, fn.Trust, fn.UpdatedAt = []string{"member"}, &picasso.Trust{ID: "old", UserID: "noauth"}, before.Add(time.Second)
	require.NoError(t, k.store.UpdateFunction(t.Context(), fn, before))
	a := k.member(409, "POST", "/v2/functions/"+fn.ID+"/invoke", "x")
	assert.Contains(t, errorDetail(t, a), "without Keystone")
	k.member(200, "PATCH", "/v2/functions/f", `{"enabled":false}`)
	k.member(200, "PATCH", "/v2/functions/f", `{"delegate_roles":[],"enabled":true}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "x")
}

// silent is a store that has stored a function, and does not get to say so.
type silent struct{ picasso.FunctionStore }

func (s silent) CreateFunction(ctx context.Context, fn *picasso.Function) error {
	if err := s.FunctionStore.CreateFunction(ctx, fn); err != nil {
		return err
	}
	return errDown
}

func TestAFunctionThatWasStoredAfterAllKeepsItsTrust(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.Functions = silent{c.Functions} })
	k.user(503, "ann", plain, "POST", "/v2/functions", acting)
	assert.Equal(t, "ann", k.only().UserID)
	k.noLeak()
	k.user(200, "ann", plain, "POST", "/v2/functions/act/invoke", "x")
}

// meanwhile is a store in which something happens right before a trigger is updated.
type meanwhile struct {
	picasso.TriggerStore
	happens func()
}

func (m *meanwhile) UpdateTrigger(ctx context.Context, t *picasso.Trigger, before time.Time) error {
	m.happens()
	return m.TriggerStore.UpdateTrigger(ctx, t, before)
}

func TestATriggerStaysWithItsFunction(t *testing.T) {
	store := &meanwhile{happens: func() {}}
	k := setup(t, func(c *api.Config) { store.TriggerStore, c.Triggers = c.Triggers, store })
	k.member(201, "POST", "/v2/apps", `{"name":"shop"}`)
	id := k.function(`{"name":"f","app":"shop","image":"i"}`)
	k.user(201, "ann", plain, "POST", "/v2/triggers",
		`{"name":"t","function":"shop:f","type":"schedule","schedule":{"every_s":60},"delegate_roles":["member"]}`)
	store.happens = func() {
		k.user(200, "bob", plain, "PATCH", "/v2/apps/shop", `{"name":"renamed"}`)
		k.user(201, "bob", plain, "POST", "/v2/apps", `{"name":"shop"}`)
		k.user(201, "bob", plain, "POST", "/v2/functions", `{"name":"f","app":"shop","image":"evil"}`)
	}
	updated := k.user(200, "bob", plain, "PATCH", "/v2/triggers/t", `{"enabled":false}`).JSON(t)
	assert.Equal(t, id, updated["function_id"])
	assert.Equal(t, "renamed:f", updated["function"])
}
