package api

import (
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gorilla/mux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/policy"
)

// everybody's are the only routes without a rule.
var everybodys = []string{"GET /", "GET /v1", "GET /v1/", "GET /v2", "GET /v2/", "GET /v2/openapi.json", "GET /docs", "GET /docs/{file}", "GET /healthcheck", "HEAD /healthcheck"}

func TestEveryRouteHasARule(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range policy.Defaults() {
		known[rule.Name] = true
	}
	router, routes := newRouter((&Server{}).table(), newMetrics(&Server{}))
	walked := 0
	err := router.Walk(func(r *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		walked++
		rt := routes[r.GetName()]
		require.NotNil(t, rt, "route %q is not in the table", r.GetName())
		if rt.rule == "" {
			assert.Contains(t, everybodys, rt.name())
			return nil
		}
		assert.True(t, known[rt.rule], "%s: no rule is named %q", rt.name(), rt.rule)
		if slices.Contains(rt.query, "all_projects") {
			assert.True(t, known[rt.rule+":all_projects"], "%s: no rule for all projects", rt.name())
		}
		assert.True(t, (rt.access == nil) != (rt.public == nil), "%s: one handler", rt.name())
		return nil
	})
	require.NoError(t, err)
	assert.Len(t, routes, walked)
}

func TestTheTableIsWhatOpenAPISays(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))

	var described []string
	queries := map[string][]string{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if strings.HasPrefix(path, "/f/") {
				method = "ANY"
			}
			name := method + " " + path
			described = append(described, name)
			for _, p := range append(slices.Clone(item.Parameters), operation.Parameters...) {
				if p.Value.In == "query" {
					queries[name] = append(queries[name], p.Value.Name)
				}
			}
		}
	}
	slices.Sort(described)
	described = slices.Compact(described)

	served := []string{"ANY /f/{function}"} // with {rest}, one line of the table
	for _, rt := range (&Server{}).table() {
		name := strings.Replace(rt.name(), ":.*}", "}", 1)
		served = append(served, name)
		assert.ElementsMatch(t, queries[name], rt.query, "query keys of %s", name)
	}
	assert.ElementsMatch(t, described, served)
}

func TestOpenAPIIsTheFile(t *testing.T) {
	data, err := openapiOnce()()
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(data)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	text, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(text), string(openapiYAML))
}

// The hot matchers stand in for templates of gorilla/mux: they have to agree with them.
func TestHotMatchersAgreeWithTheirTemplates(t *testing.T) {
	paths := []string{
		"/v2/functions/f/invoke", "/v2/functions/a:f/invoke", "/v2/functions/a%2Fb/invoke", "/v2/functions//invoke", "/v2/functions/invoke",
		"/v2/functions/f/invoke/", "/v2/functions/a/b/invoke", "/v2/functions/f/Invoke", "/v2/functions/f/invokeinvoke", "/x/v2/functions/f/invoke",
		"/f/x", "/f/x/", "/f/x/y", "/f/x//y%2Fz", "/f/", "/f", "/f//x", "/f/x%2Fy/z", "/F/x",
	}
	for _, rt := range (&Server{}).table() {
		if rt.hot == nil {
			continue
		}
		router := mux.NewRouter().UseEncodedPath().SkipClean(true)
		router.Path(rt.path)
		router.Path(strings.TrimSuffix(rt.path, "/{rest:.*}"))
		for _, path := range paths {
			var match mux.RouteMatch
			want := router.Match(httptest.NewRequest("POST", path, nil), &match)
			function, ok := rt.hot(path)
			assert.Equal(t, want, ok, "%s: %s", rt.path, path)
			if ok {
				assert.Equal(t, match.Vars["function"], function, path)
			}
		}
	}
}
