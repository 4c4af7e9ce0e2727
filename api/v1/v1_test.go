package v1_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/v1"
)

func body(t *testing.T, text string) (members map[string]json.RawMessage) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &members))
	return members
}

func TestNamesOfApps(t *testing.T) {
	const project = "0123456789abcdef0123456789abcdef"
	stored := v1.StoredName("my-app", project)
	assert.Equal(t, "my-app-"+project, stored)
	assert.Equal(t, stored, v1.StoredName(stored, project), "a returned name can be used again")
	assert.Equal(t, project, v1.ProjectOf(stored))
	for _, name := range []string{"", "app", "-app", "app-"} {
		assert.Empty(t, v1.ProjectOf(name), name)
	}
	long := "a-name-of-thirty-bytes-or-more"
	assert.NotEqual(t, v1.StoredName(long, "a"), v1.StoredName(long, "b"))
}

func TestUpdateRoute(t *testing.T) {
	old := map[string]string{"OLD": "1", "PICASSO_ROUTE_TYPE": "async"}
	for text, want := range map[string]string{
		`{}`:                                   `{}`,
		`{"memory":null}`:                      `{}`,
		`{"memory":"64"}`:                      `{"memory_mb":64}`,
		`{"is_public":"True"}`:                 `{"public":true}`,
		`{"type":"sync"}`:                      `{"config":{"PICASSO_ROUTE_TYPE":"sync"}}`,
		`{"config":{"a-b":1}}`:                 `{"config":{"A_B":"1","OLD":null}}`,
		`{"config":{"OLD":""},"type":"async"}`: `{"config":{"OLD":"","PICASSO_ROUTE_TYPE":"async"}}`,
		`{"config":{"OLD":null,"a":null}}`:     `{"config":{"OLD":null}}`,
		`{"format":"http"}`:                    `{"contract":"stdio-http"}`,
	} {
		patch, err := v1.UpdateRoute(body(t, text), old)
		require.NoError(t, err, text)
		got, err := json.Marshal(patch)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got), text)
	}
	for _, text := range []string{`{"memory":1.5}`, `{"memory":""}`, `{"image":1}`, `{"config":[]}`, `{"is_public":2}`} {
		_, err := v1.UpdateRoute(body(t, text), old)
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), text)
	}
}

func TestCreateRouteHasDefaults(t *testing.T) {
	patch, err := v1.CreateRoute(body(t, `{"route":{"path":"/x","image":"i","timeout":5}}`), "app")
	require.NoError(t, err)
	got, err := json.Marshal(patch)
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"x","app":"app","image":"i","contract":"stdio","memory_mb":128,"timeout_s":5,"max_sandboxes":1}`, string(got))
}
