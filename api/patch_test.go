package api

import (
	"encoding/json"
	"maps"
	"testing"

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

// FuzzPatch checks that any body is applied or refused with a reason, that what was
// not named stays, and that applying a patch again changes nothing.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`{"name":"f","image":"i"}`, `{"config":{"A":"1","B":null}}`, `{"command":["a","b"],"cpus":0.5}`, `{"memory_mb":null}`,
		`{"public":true,"public":false}`, `{"id":"x"}`, `[]`, `{`, `{"config":{"A":{}}}`, `{"a":1}{"b":2}`, "{\"\xff\":1}",
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
