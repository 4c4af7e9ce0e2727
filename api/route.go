package api

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/picasso-faas/picasso/api/internal/guard"
)

// route is one line of the route table.
type route struct {
	method string // "" is any
	path   string // template of gorilla/mux
	// hot, where set, decides instead of the regular expression that gorilla/mux makes of
	// the template, which would be a third of what this package adds to a call.
	hot   func(path string) (function string, ok bool)
	rule  string // of the policy; "" is for everybody
	query []string
	// One of the two handlers is set. access is called after authentication and
	// authorization; public without, or does it itself where the rule depends on the object.
	access func(*request, guard.Access) error
	public func(*request) error

	v1 bool // of the first version: errors have its form

	requests *prometheus.CounterVec // of this route, by status
}

// Query keys of lists, beside those of the resource.
func listKeys(more ...string) []string {
	return append([]string{"limit", "marker", "sort", "all_projects", "project_id"}, more...)
}

const invokeRule = "functions:function:invoke"

// table is every route of the service, the hot ones first.
func (s *Server) table() []*route {
	appKeys, functionKeys := listKeys("name"), listKeys("name", "app")
	executionKeys := listKeys("function", "app", "status", "trigger", "since", "until")
	triggerKeys := listKeys("name", "function", "type")
	return []*route{
		{method: "POST", path: "/v2/functions/{function}/invoke", hot: cutInvokePath, rule: invokeRule, access: s.invoke},
		{path: "/f/{function}/{rest:.*}", hot: cutFunctionPath, rule: invokeRule, public: s.gateway},

		{method: "GET", path: "/v2/functions", rule: "functions:function:list", query: functionKeys, access: s.listFunctions},
		{method: "POST", path: "/v2/functions", rule: "functions:function:create", access: s.createFunction},
		{method: "GET", path: "/v2/functions/{function}", rule: "functions:function:show", access: s.showFunction},
		{method: "PATCH", path: "/v2/functions/{function}", rule: "functions:function:update", access: s.updateFunction},
		{method: "DELETE", path: "/v2/functions/{function}", rule: "functions:function:delete", access: s.deleteFunction},

		{method: "GET", path: "/v2/apps", rule: "functions:app:list", query: appKeys, access: s.listApps},
		{method: "POST", path: "/v2/apps", rule: "functions:app:create", access: s.createApp},
		{method: "GET", path: "/v2/apps/{app}", rule: "functions:app:show", access: s.showApp},
		{method: "PATCH", path: "/v2/apps/{app}", rule: "functions:app:update", access: s.updateApp},
		{method: "DELETE", path: "/v2/apps/{app}", rule: "functions:app:delete", access: s.deleteApp},

		{method: "GET", path: "/v2/executions", rule: "functions:execution:list", query: executionKeys, access: s.listExecutions},
		{method: "GET", path: "/v2/executions/{execution}", rule: "functions:execution:show", access: s.showExecution},
		{method: "DELETE", path: "/v2/executions/{execution}", rule: "functions:execution:cancel", access: s.cancelExecution},
		{method: "GET", path: "/v2/executions/{execution}/log", rule: "functions:execution:log", query: []string{"follow"}, access: s.showLog},
		{method: "GET", path: "/v2/executions/{execution}/result", rule: "functions:execution:result", access: s.showResult},
		{method: "POST", path: "/v2/executions/{execution}/redrive", rule: "functions:execution:redrive", access: s.redriveExecution},
		{method: "POST", path: "/v2/executions/redrive", rule: "functions:execution:redrive", access: s.redriveExecutions},

		{method: "GET", path: "/v2/triggers", rule: "functions:trigger:list", query: triggerKeys, access: s.listTriggers},
		{method: "POST", path: "/v2/triggers", rule: "functions:trigger:create", access: s.createTrigger},
		{method: "GET", path: "/v2/triggers/{trigger}", rule: "functions:trigger:show", access: s.showTrigger},
		{method: "PATCH", path: "/v2/triggers/{trigger}", rule: "functions:trigger:update", access: s.updateTrigger},
		{method: "DELETE", path: "/v2/triggers/{trigger}", rule: "functions:trigger:delete", access: s.deleteTrigger},

		{method: "GET", path: "/v2/hosts", rule: "functions:host:list", query: []string{"limit", "marker", "state"}, access: s.listHosts},
		{method: "GET", path: "/v2/hosts/{host}", rule: "functions:host:show", access: s.showHost},
		{method: "PATCH", path: "/v2/hosts/{host}", rule: "functions:host:update", access: s.updateHost},
		{method: "DELETE", path: "/v2/hosts/{host}", rule: "functions:host:delete", access: s.deleteHost},
		{method: "PUT", path: "/v2/hosts/{host}", rule: "functions:host:heartbeat", access: s.heartbeat},

		{method: "GET", path: "/v2/limits", rule: "functions:limits:show", access: s.showLimits},

		{method: "POST", path: "/hooks/{trigger}", rule: hookRule, query: []string{tokenKey}, public: s.hook},

		{method: "GET", path: "/v1/{project}/apps", rule: "functions:app:list", access: s.listAppsV1, v1: true},
		{method: "POST", path: "/v1/{project}/apps", rule: "functions:app:create", access: s.createAppV1, v1: true},
		{method: "GET", path: "/v1/{project}/apps/{app}", rule: "functions:app:show", access: s.showAppV1, v1: true},
		{method: "PUT", path: "/v1/{project}/apps/{app}", rule: "functions:app:update", access: s.updateAppV1, v1: true},
		{method: "DELETE", path: "/v1/{project}/apps/{app}", rule: "functions:app:delete", access: s.deleteAppV1, v1: true},
		{method: "GET", path: "/v1/{project}/apps/{app}/routes", rule: "functions:function:list", access: s.listRoutesV1, v1: true},
		{method: "POST", path: "/v1/{project}/apps/{app}/routes", rule: "functions:function:create", access: s.createRouteV1, v1: true},
		{method: "GET", path: "/v1/{project}/apps/{app}/routes/{route}", rule: "functions:function:show", access: s.showRouteV1, v1: true},
		{method: "PUT", path: "/v1/{project}/apps/{app}/routes/{route}", rule: "functions:function:update", access: s.updateRouteV1, v1: true},
		{method: "DELETE", path: "/v1/{project}/apps/{app}/routes/{route}", rule: "functions:function:delete", access: s.deleteRouteV1, v1: true},
		{method: "POST", path: "/v1/r/{project}/{app}/{route}", rule: invokeRule, access: s.executePrivateV1, v1: true},
		{method: "POST", path: "/r/{app}/{route}", rule: invokeRule, public: s.executePublicV1, v1: true},

		{method: "GET", path: "/v1", public: s.showVersion1},
		{method: "GET", path: "/v1/", public: s.showVersion1},
		{method: "GET", path: "/", public: s.listVersions},
		{method: "GET", path: "/v2", public: s.showVersion},
		{method: "GET", path: "/v2/", public: s.showVersion},
		{method: "GET", path: "/v2/openapi.json", public: s.showOpenAPI},
		{method: "GET", path: "/docs", public: s.showDocs},
		{method: "GET", path: "/docs/{file}", public: s.showDocsFile},
		{method: "GET", path: "/healthcheck", public: s.healthcheck},
		{method: "HEAD", path: "/healthcheck", public: s.healthcheck},
	}
}

// name identifies the route in the router, in the log and in metrics.
func (rt *route) name() string { return rt.methodLabel() + " " + rt.path }

func (rt *route) methodLabel() string {
	if rt.method == "" {
		return "ANY"
	}
	return rt.method
}

// newRouter makes the router of the table. Paths are matched as they were sent:
// neither cleaned nor unescaped, for function URLs reach the function byte for byte.
func newRouter(table []*route, m *metrics) (*mux.Router, map[string]*route) {
	router := mux.NewRouter().UseEncodedPath().SkipClean(true)
	byName := make(map[string]*route, len(table))
	for _, rt := range table {
		rt.requests = m.requestsOf(rt.methodLabel(), rt.path)
		r := router.NewRoute().Name(rt.name())
		if rt.hot == nil {
			r.Path(rt.path)
		} else {
			r.MatcherFunc(hotMatcher(rt.hot))
		}
		if rt.method != "" {
			r.Methods(rt.method)
		}
		byName[rt.name()] = rt
	}
	return router, byName
}

func hotMatcher(cut func(path string) (function string, ok bool)) mux.MatcherFunc {
	return func(r *http.Request, match *mux.RouteMatch) bool {
		function, ok := cut(r.URL.EscapedPath())
		if ok {
			match.Vars = map[string]string{"function": function}
		}
		return ok
	}
}

// cutInvokePath matches /v2/functions/{function}/invoke.
func cutInvokePath(path string) (function string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/v2/functions/")
	if !ok {
		return "", false
	}
	function, ok = strings.CutSuffix(rest, "/invoke")
	return function, ok && function != "" && !strings.Contains(function, "/")
}

// cutFunctionPath matches /f/{function} and all below it.
func cutFunctionPath(path string) (function string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/f/")
	function, _, _ = strings.Cut(rest, "/")
	return function, ok && function != ""
}

// dispatch finds the route of the request and runs it. The router's own
// ServeHTTP would copy the request twice to pass variables in its context.
func (s *Server) dispatch(req *request) error {
	req.w.versioned = strings.HasPrefix(req.URL.Path, "/v2")
	var match mux.RouteMatch
	if !s.router.Match(req.Request, &match) {
		return s.unrouted(req)
	}
	rt := s.routes[match.Route.GetName()]
	req.route, req.vars = rt, match.Vars
	if req.w.versioned {
		if err := req.prepare(); err != nil {
			return err
		}
	}
	if rt.public != nil {
		return rt.public(req)
	}
	access, err := s.enter(req)
	if err != nil {
		return err
	}
	return rt.access(req, access)
}

// prepare checks what requests to the versioned API have in common.
func (r *request) prepare() (err error) {
	if err = negotiate(r.Header); err == nil {
		r.query, err = parseQuery(r.URL, r.route.query)
	}
	return err
}

// enter lets the caller in by the rule of the route.
func (s *Server) enter(req *request) (guard.Access, error) {
	access, err := s.gate.Enter(req.Request, req.route.rule)
	if err == nil {
		req.project = access.Project()
	}
	return access, err
}

// unrouted is the error of a request without a route: 405 when the path has
// other methods (RFC 9110, 15.5.6: with Allow), else 404.
func (s *Server) unrouted(req *request) error {
	allowed := s.methodsOf(req.Request)
	if len(allowed) == 0 {
		return newError(codeNoRoute, "there is no such path")
	}
	req.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return newError(codeMethodNotAllowed, req.Method+" is not one of "+strings.Join(allowed, ", "))
}

func (s *Server) methodsOf(r *http.Request) (methods []string) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		probe := http.Request{Method: method, URL: r.URL, Host: r.Host}
		if s.router.Match(&probe, &mux.RouteMatch{}) {
			methods = append(methods, method)
		}
	}
	return methods
}
