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
