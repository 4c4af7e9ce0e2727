package policy

import "slices"

// Operation is one request that a rule guards.
type Operation struct {
	Method string // "GET", or "ANY" for every method
	Path   string // as in the API reference, with {x} for parts that vary
}

// Rule is one entry of the policy.
type Rule struct {
	Name        string // "functions:<resource>:<verb>", or a word for rules that others refer to
	Check       string // in oslo.policy's language
	Description string
	Operations  []Operation // none for rules that others refer to
}

// How the defaults are made up. Each names admin beside the narrower role, so
// that they hold in a cloud without implied roles too.
const (
	reader = "rule:admin_required or rule:project_reader"
	member = "rule:admin_required or rule:project_member"
	admin  = "rule:admin_required"
)

// service is a service user, who is not an operator; an operator is not a service either.
const service = "role:service"

// Defaults returns the rules that hold where policy.yaml says nothing else:
// readers list and show, members also create, update, delete and invoke, both
// in their own project only; admins do everything in every project, and look after
// the compute hosts, for which services report. A token with system scope has no project to work in and gets nothing.
func Defaults() []Rule {
	return slices.Concat(commonRules(), appRules(), functionRules(), executionRules(), triggerRules(), hostRules(), limitRules())
}

func commonRules() []Rule {
	return []Rule{
		{Name: "admin_required", Check: "role:admin and not system_scope:all",
			Description: "The operator of the cloud, with a token scoped to any project."},
		{Name: "project_reader", Check: "(role:reader or rule:project_member) and project_id:%(project_id)s",
			Description: "Who may look at the objects of their own project."},
		{Name: "project_member", Check: "(role:member or role:manager) and project_id:%(project_id)s",
			Description: "Who may use and change the objects of their own project."},
	}
}

func appRules() []Rule {
	return []Rule{
		{Name: "functions:app:list", Check: reader, Description: "List the apps of the project.",
			Operations: []Operation{{"GET", "/v2/apps"}, {"GET", "/v1/{project}/apps"}}},
		{Name: "functions:app:list:all_projects", Check: admin, Description: "List the apps of all projects, or of another one.",
			Operations: []Operation{{"GET", "/v2/apps?all_projects=true"}, {"GET", "/v2/apps?project_id={project}"}}},
		{Name: "functions:app:show", Check: reader, Description: "Show an app.",
			Operations: []Operation{{"GET", "/v2/apps/{app}"}, {"GET", "/v1/{project}/apps/{app}"}}},
		{Name: "functions:app:create", Check: member, Description: "Create an app.",
			Operations: []Operation{{"POST", "/v2/apps"}, {"POST", "/v1/{project}/apps"}}},
		{Name: "functions:app:update", Check: member, Description: "Change an app.",
			Operations: []Operation{{"PATCH", "/v2/apps/{app}"}, {"PUT", "/v1/{project}/apps/{app}"}}},
		{Name: "functions:app:delete", Check: member, Description: "Delete an app.",
			Operations: []Operation{{"DELETE", "/v2/apps/{app}"}, {"DELETE", "/v1/{project}/apps/{app}"}}},
	}
}

func functionRules() []Rule {
	return []Rule{
		{Name: "functions:function:list", Check: reader, Description: "List the functions of the project.",
			Operations: []Operation{{"GET", "/v2/functions"}, {"GET", "/v1/{project}/apps/{app}/routes"}}},
		{Name: "functions:function:list:all_projects", Check: admin, Description: "List the functions of all projects, or of another one.",
			Operations: []Operation{{"GET", "/v2/functions?all_projects=true"}, {"GET", "/v2/functions?project_id={project}"}}},
		{Name: "functions:function:show", Check: reader, Description: "Show a function.",
			Operations: []Operation{{"GET", "/v2/functions/{function}"}, {"GET", "/v1/{project}/apps/{app}/routes/{route}"}}},
		{Name: "functions:function:create", Check: member, Description: "Create a function.",
			Operations: []Operation{{"POST", "/v2/functions"}, {"POST", "/v1/{project}/apps/{app}/routes"}}},
		{Name: "functions:function:update", Check: member, Description: "Change a function.",
			Operations: []Operation{{"PATCH", "/v2/functions/{function}"}, {"PUT", "/v1/{project}/apps/{app}/routes/{route}"}}},
		{Name: "functions:function:delete", Check: member, Description: "Delete a function.",
			Operations: []Operation{{"DELETE", "/v2/functions/{function}"}, {"DELETE", "/v1/{project}/apps/{app}/routes/{route}"}}},
		{Name: "functions:function:invoke", Check: member,
			Description: "Invoke a function, also asynchronously. Public functions can be called at their URL by everybody, whatever this says.",
			Operations:  []Operation{{"POST", "/v2/functions/{function}/invoke"}, {"ANY", "/f/{function}"}, {"POST", "/v1/r/{project}/{app}/{route}"}}},
	}
}

func executionRules() []Rule {
	return []Rule{
		{Name: "functions:execution:list", Check: reader, Description: "List the executions of the project.",
			Operations: []Operation{{"GET", "/v2/executions"}}},
		{Name: "functions:execution:list:all_projects", Check: admin, Description: "List the executions of all projects, or of another one.",
			Operations: []Operation{{"GET", "/v2/executions?all_projects=true"}, {"GET", "/v2/executions?project_id={project}"}}},
		{Name: "functions:execution:show", Check: reader, Description: "Show an execution.",
			Operations: []Operation{{"GET", "/v2/executions/{execution}"}}},
		{Name: "functions:execution:log", Check: reader, Description: "Read the log of an execution.",
			Operations: []Operation{{"GET", "/v2/executions/{execution}/log"}}},
		{Name: "functions:execution:result", Check: reader, Description: "Read what an asynchronous execution answered with.",
			Operations: []Operation{{"GET", "/v2/executions/{execution}/result"}}},
		{Name: "functions:execution:cancel", Check: member, Description: "Cancel an execution that has not ended.",
			Operations: []Operation{{"DELETE", "/v2/executions/{execution}"}}},
		{Name: "functions:execution:redrive", Check: member, Description: "Run executions that did not succeed again.",
			Operations: []Operation{{"POST", "/v2/executions/{execution}/redrive"}, {"POST", "/v2/executions/redrive"}}},
	}
}

func triggerRules() []Rule {
	return []Rule{
		{Name: "functions:trigger:list", Check: reader, Description: "List the triggers of the project.",
			Operations: []Operation{{"GET", "/v2/triggers"}}},
		{Name: "functions:trigger:list:all_projects", Check: admin, Description: "List the triggers of all projects, or of another one.",
			Operations: []Operation{{"GET", "/v2/triggers?all_projects=true"}, {"GET", "/v2/triggers?project_id={project}"}}},
		{Name: "functions:trigger:show", Check: reader, Description: "Show a trigger.",
			Operations: []Operation{{"GET", "/v2/triggers/{trigger}"}}},
		{Name: "functions:trigger:create", Check: member, Description: "Create a trigger, which invokes a function of the project.",
			Operations: []Operation{{"POST", "/v2/triggers"}}},
		{Name: "functions:trigger:update", Check: member, Description: "Change a trigger.",
			Operations: []Operation{{"PATCH", "/v2/triggers/{trigger}"}}},
		{Name: "functions:trigger:delete", Check: member, Description: "Delete a trigger.",
			Operations: []Operation{{"DELETE", "/v2/triggers/{trigger}"}}},
		{Name: "functions:trigger:all_projects", Check: admin,
			Description: "Have a trigger of type notification fire on the notifications of all projects, and change what such a trigger does or what its function runs.",
			Operations: []Operation{{"POST", "/v2/triggers"}, {"PATCH", "/v2/triggers/{trigger}"},
				{"PATCH", "/v2/functions/{function}"}, {"PATCH", "/v2/apps/{app}"}}},
		{Name: "functions:trigger:fire", Check: member,
			Description: "Fire a trigger of type alarm, or of type webhook with auth keystone, by a request. Aodh has the roles that whoever created the alarm had then.",
			Operations:  []Operation{{"POST", "/hooks/{trigger}"}}},
	}
}

func hostRules() []Rule {
	return []Rule{
		{Name: "functions:host:list", Check: admin, Description: "List the compute hosts.",
			Operations: []Operation{{"GET", "/v2/hosts"}}},
		{Name: "functions:host:show", Check: admin, Description: "Show a compute host, and the functions that are warm there.",
			Operations: []Operation{{"GET", "/v2/hosts/{host}"}}},
		{Name: "functions:host:update", Check: admin, Description: "Let a compute host take no more calls, or take calls again.",
			Operations: []Operation{{"PATCH", "/v2/hosts/{host}"}}},
		{Name: "functions:host:delete", Check: admin, Description: "Forget a compute host that is down.",
			Operations: []Operation{{"DELETE", "/v2/hosts/{host}"}}},
		{Name: "functions:host:heartbeat", Check: service,
			Description: "Be a compute host: calls of all projects, with what functions are configured with, go to where it says. For the service user of picasso-engine.",
			Operations:  []Operation{{"PUT", "/v2/hosts/{host}"}}},
	}
}

func limitRules() []Rule {
	return []Rule{
		{Name: "functions:limits:show", Check: reader, Description: "Show what bounds the project, and what of that it uses.",
			Operations: []Operation{{"GET", "/v2/limits"}}},
	}
}
