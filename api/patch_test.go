package api

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// The examples are those of RFC 7396, as far as they apply to a flat struct.
func TestMergePatchOfConfig(t *testing.T) {
	for patch, want := range map[string]map[string]string{
		`{}`:                                 {"A": "b", "C": "d"},
		`{"config":{}}`:                      {"A": "b", "C": "d"},
		`{"config":{"A":"c"}}`:               {"A": "c", "C": "d"},
		`{"config":{"B":"c"}}`:               {"A": "b", "B": "c", "C": "d"},
		`{"config":{"A":null}}`:              {"C": "d"},
		`{"config":{"A":null,"C":null}}`:     {},
		`{"config":{"X":null}}`:              {"A": "b", "C": "d"},
		`{"config":null}`:                    {},
		`{"config":{"A":null,"E":"\u00e9"}}`: {"C": "d", "E": "é"},
	} {
		before := map[string]string{"A": "b", "C": "d"}
		spec := picasso.AppSpec{Name: "n", Config: before}
		list, err := members("body", []byte(patch))
		require.NoError(t, err)
		require.NoError(t, applyPatch[picasso.App](&spec, picasso.AppSpec{}, list))
		assert.Equal(t, want, orEmpty(spec.Config), patch)
		assert.Equal(t, map[string]string{"A": "b", "C": "d"}, before, "the old map may be in use")
	}
}

func TestMergePatchOfAStruct(t *testing.T) {
	before := picasso.Retry{MaxAttempts: 5, MinDelayS: 6, MaxDelayS: 7, MaxAgeS: 8}
	for patch, want := range map[string]picasso.Retry{
		`{}`:                           before,
		`{"retry":{}}`:                 before,
		`{"retry":null}`:               picasso.DefaultRetry(),
		`{"retry":{"max_attempts":1}}`: {MaxAttempts: 1, MinDelayS: 6, MaxDelayS: 7, MaxAgeS: 8},
		`{"retry":{"max_age_s":null}}`: {MaxAttempts: 5, MinDelayS: 6, MaxDelayS: 7, MaxAgeS: picasso.DefaultRetry().MaxAgeS},
		`{"retry":{"max_age_s":1,"min_delay_s":2}}`: {MaxAttempts: 5, MinDelayS: 2, MaxDelayS: 7, MaxAgeS: 1},
	} {
		spec := picasso.FunctionSpec{Retry: before}
		list, err := members("body", []byte(patch))
		require.NoError(t, err)
		require.NoError(t, applyPatch[picasso.Function](&spec, picasso.DefaultFunctionSpec(), list))
		assert.Equal(t, want, spec.Retry, patch)
	}
}

func TestMergePatchOfABlock(t *testing.T) {
	day := time.Date(2026, 11, 22, 12, 0, 0, 1000, time.UTC)
	for patch, want := range map[string]*picasso.Schedule{
		`{}`:                             {EveryS: 60, StartAt: day},
		`{"schedule":{}}`:                {EveryS: 60, StartAt: day},
		`{"schedule":null}`:              nil,
		`{"schedule":{"start_at":null}}`: {EveryS: 60},
		`{"schedule":{"every_s":null,"cron":"@daily"}}`:           {Cron: "@daily", StartAt: day},
		`{"schedule":{"at":"2026-11-22T13:00:00.0000019+01:00"}}`: {EveryS: 60, StartAt: day, At: day},
	} {
		before := &picasso.Schedule{EveryS: 60, StartAt: day}
		spec := picasso.TriggerSpec{Schedule: before}
		list, err := members("body", []byte(patch))
		require.NoError(t, err)
		require.NoError(t, applyPatch[picasso.Trigger](&spec, picasso.DefaultTriggerSpec(), list))
		assert.Equal(t, want, spec.Schedule, patch)
		assert.Equal(t, &picasso.Schedule{EveryS: 60, StartAt: day}, before, "the old block may be in use")
	}
}

func TestMergePatchOfConditions(t *testing.T) {
	for patch, want := range map[string]string{
		`{"filter":{}}`:                               `{"a":1,"b":{"gt":1,"lt":9}}`,
		`{"filter":null}`:                             `{}`,
		`{"filter":{"a":null}}`:                       `{"b":{"gt":1,"lt":9}}`,
		`{"filter":{"a":["x",null]}}`:                 `{"a":["x",null],"b":{"gt":1,"lt":9}}`,
		`{"filter":{"a":{"prefix":"x"}}}`:             `{"a":{"prefix":"x"},"b":{"gt":1,"lt":9}}`,
		`{"filter":{"b":{"gt":null,"lte":8}}}`:        `{"a":1,"b":{"lt":9,"lte":8}}`,
		`{"filter":{"b":"text","c":{"exists":true}}}`: `{"a":1,"b":"text","c":{"exists":true}}`,
		`{"filter":{"b":{"deep":{"x":null}}}}`:        `{"a":1,"b":{"gt":1,"lt":9,"deep":{"x":null}}}`,
	} {
		before := map[string]json.RawMessage{"a": []byte(`1`), "b": []byte(`{"gt":1,"lt":9}`)}
		spec := picasso.TriggerSpec{Notification: &picasso.Notification{Filter: before}}
		list, err := members("body", []byte(`{"notification":`+patch+`}`))
		require.NoError(t, err)
		require.NoError(t, applyPatch[picasso.Trigger](&spec, picasso.DefaultTriggerSpec(), list))
		got, err := json.Marshal(orEmpty(spec.Notification.Filter))
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got), patch)
		assert.Len(t, before, 2, "the old map may be in use")
	}
}

func TestMergePatchOfAFlagThatMayBeUnset(t *testing.T) {
	yes, no := true, false
	for patch, want := range map[string]*bool{`{}`: &yes, `{"verify":null}`: nil, `{"verify":false}`: &no} {
		before := picasso.Swift{Verify: &yes}
		spec := picasso.TriggerSpec{Swift: &before}
		list, err := members("body", []byte(`{"swift":`+patch+`}`))
		require.NoError(t, err)
		require.NoError(t, applyPatch[picasso.Trigger](&spec, picasso.DefaultTriggerSpec(), list))
		assert.Equal(t, want, spec.Swift.Verify, patch)
		assert.True(t, *before.Verify, "the old one may be in use")
	}
}

// FuzzPatch checks that any body is applied or refused with a reason, that what was
// not named stays, and that applying a patch again changes nothing.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`{"name":"f","image":"i"}`, `{"config":{"A":"1","B":null}}`, `{"command":["a","b"],"cpus":0.5}`, `{"memory_mb":null}`,
		`{"public":true,"public":false}`, `{"id":"x"}`, `[]`, `{`, `{"config":{"A":{}}}`, `{"a":1}{"b":2}`, "{\"\xff\":1}",
		`{"retry":{"max_attempts":2,"max_age_s":null}}`, `{"retry":null}`, `{"retry":[1]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := members("body", body)
		if err != nil {
			require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			return
		}
		require.True(t, json.Valid(body))
		spec := picasso.DefaultFunctionSpec()
		spec.Config = map[string]string{"KEEP": "me"}
		before := spec
		if err := applyPatch[picasso.Function](&spec, picasso.DefaultFunctionSpec(), list); err != nil {
			require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			require.NotEmpty(t, picasso.AsError(err).Detail)
			return
		}
		if !names(list, "memory_mb") {
			require.Equal(t, before.MemoryMB, spec.MemoryMB)
		}
		if !names(list, "config") {
			require.True(t, maps.Equal(before.Config, spec.Config))
		}
		again := spec
		require.NoError(t, applyPatch[picasso.Function](&again, picasso.DefaultFunctionSpec(), list))
		require.False(t, spec.MattersToSandbox(&again))
	})
}

// FuzzTriggerPatch checks the same of the blocks of triggers, whose conditions are of any JSON.
func FuzzTriggerPatch(f *testing.F) {
	for _, seed := range []string{
		`{"notification":{"event_type":"a.*","filter":{"a":1,"b":{"gt":2},"c":[null],"d":null}}}`, `{"notification":{"filter":[]}}`,
		`{"notification":{"filter":{"KEEP":{"prefix":null,"x":{}}}}}`, `{"notification":{"filter":{"a":{"gt":1,"gt":2}}}}`,
		`{"swift":{"container":"c","events":["created"],"verify":false}}`, `{"swift":{"verify":1}}`, `{"alarm":{"states":null}}`,
		`{"webhook":{"auth":"hmac","secret":null}}`, `{"delegate_roles":["a"]}`, `{"state":"error"}`, `{"url":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := members("body", body)
		if err != nil {
			return
		}
		kept := json.RawMessage(`{"prefix":"x"}`)
		spec := picasso.TriggerSpec{Notification: &picasso.Notification{Filter: map[string]json.RawMessage{"KEEP": kept}}}
		if err := applyPatch[picasso.Trigger](&spec, picasso.DefaultTriggerSpec(), list); err != nil {
			require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			require.NotEmpty(t, picasso.AsError(err).Detail)
			return
		}
		require.JSONEq(t, `{"prefix":"x"}`, string(kept))
		if !names(list, "notification") {
			require.Equal(t, kept, spec.Notification.Filter["KEEP"])
		}
		first, err := json.Marshal(spec)
		require.NoError(t, err)
		require.NoError(t, applyPatch[picasso.Trigger](&spec, picasso.DefaultTriggerSpec(), list))
		again, err := json.Marshal(spec)
		require.NoError(t, err)
		require.JSONEq(t, string(first), string(again))
	})
}

func FuzzCutFunctionURL(f *testing.F) {
	for _, seed := range []string{"/f/a", "/f/a/b?c", "/f/a?b/c", "/f//", "/f/", "/g", "/f/%2F/?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		id, path, ok := cutFunctionURL(target)
		if !ok {
			return
		}
		require.NotContains(t, id, "/")
		require.Equal(t, byte('/'), path[0])
		require.Contains(t, []string{"/f/" + id + path, "/f/" + id + path[1:]}, target)
	})
}
