package v1

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
)

// The types of a route.
const (
	Sync  = "sync"
	Async = "async"
)

// The defaults of a route.
const (
	defaultMemory      = 128
	defaultTimeout     = 30
	defaultConcurrency = 1
)

const typeVariable = "PICASSO_ROUTE_TYPE"

// Route is a route as version 1 shows it.
type Route struct {
	Path           string `json:"path"`
	Type           string `json:"type"` // sync or async
	Image          string `json:"image"`
	IsPublic       bool   `json:"is_public"`
	Memory         int    `json:"memory"`          // MiB
	Timeout        int    `json:"timeout"`         // seconds
	MaxConcurrency int    `json:"max_concurrency"` // sandboxes on all hosts; 0: as many as fit
}

// ViewRoute shows a function as a route.
func ViewRoute(fn *picasso.Function) Route {
	return Route{
		Path: "/" + fn.Name, Type: TypeOf(fn), Image: fn.Image, IsPublic: fn.Public,
		Memory: fn.MemoryMB, Timeout: fn.TimeoutS, MaxConcurrency: fn.MaxSandboxes,
	}
}

// TypeOf is the type of a function as a route.
func TypeOf(fn *picasso.Function) string {
	if fn.Config[typeVariable] == Async {
		return Async
	}
	return Sync
}

// CreateRoute is the function of version 2 that the body asks for. Errors: invalid.
func CreateRoute(body map[string]json.RawMessage, app string) (map[string]any, error) {
	route, err := wrapped(body, "route")
	if err != nil {
		return nil, err
	}
	path, err := read[string](route, "path", "text")
	if err == nil && (path == nil || strings.Trim(*path, "/") == "") {
		err = picasso.Errorf(picasso.CodeInvalid, "path: is required")
	}
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(*path, "/")
	if strings.ContainsAny(name, "/:") {
		return nil, picasso.Errorf(picasso.CodeInvalid, "path: must be one segment")
	}
	patch, err := UpdateRoute(route, nil)
	if err != nil {
		return nil, err
	}
	patch["name"], patch["app"] = name, app
	for field, value := range map[string]any{
		"contract": picasso.ContractStdio, "memory_mb": defaultMemory, "timeout_s": defaultTimeout, "max_sandboxes": defaultConcurrency,
	} {
		if _, ok := patch[field]; !ok {
			patch[field] = value
		}
	}
	return patch, nil
}

// PathError says of the path what an error says of the name that it is in version 2.
func PathError(err error) error {
	e := picasso.AsError(err)
	if rest, ok := strings.CutPrefix(e.Detail, "name: "); ok {
		return picasso.Errorf(e.Code, "path: %s", rest)
	}
	return err
}

// UpdateRoute is the merge patch of version 2 for what the body says of a
// route that is a function with that config. Errors: invalid.
func UpdateRoute(body map[string]json.RawMessage, old map[string]string) (map[string]any, error) {
	patch := map[string]any{}
	for _, set := range []func(body map[string]json.RawMessage, patch map[string]any) error{
		setter[string]("image", "image", "text"),
		setter[boolean]("is_public", "public", "true or false"),
		setter[number]("memory", "memory_mb", "a whole number"),
		setter[number]("timeout", "timeout_s", "a whole number"),
		setter[number]("max_concurrency", "max_sandboxes", "a whole number"),
		setContract,
	} {
		if err := set(body, patch); err != nil {
			return nil, err
		}
	}
	return patch, setConfig(body, old, patch)
}

// setter takes a member of the body over into a field.
func setter[T any](name, field, kind string) func(map[string]json.RawMessage, map[string]any) error {
	return func(body map[string]json.RawMessage, patch map[string]any) error {
		value, err := read[T](body, name, kind)
		if value != nil {
			patch[field] = *value
		}
		return err
	}
}

func setContract(body map[string]json.RawMessage, patch map[string]any) error {
	format, err := read[string](body, "format", "text")
	if err != nil || format == nil {
		return err
	}
	contract, ok := map[string]picasso.Contract{"default": picasso.ContractStdio, "http": picasso.ContractStdioHTTP}[*format]
	if !ok {
		return picasso.Errorf(picasso.CodeInvalid, "format: must be default or http")
	}
	patch["contract"] = contract
	return nil
}

// setConfig sets the config, which has the type in it.
func setConfig(body map[string]json.RawMessage, old map[string]string, patch map[string]any) error {
	config, err := config(body, old, typeVariable)
	if err != nil {
		return err
	}
	kind, err := read[string](body, "type", "text")
	if err != nil {
		return err
	}
	if kind != nil {
		if !slices.Contains([]string{Sync, Async}, *kind) {
			return picasso.Errorf(picasso.CodeInvalid, "type: must be sync or async")
		}
		if config == nil {
			config = map[string]*string{}
		}
		config[typeVariable] = kind
	}
	if config != nil {
		patch["config"] = config
	}
	return nil
}
