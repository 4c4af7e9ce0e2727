// Package v1 is what the first Picasso API (openstack/picasso@07d307b) says on
// the wire, in terms of the apps and functions of today: a route is a function
// of its app. Package api serves it, on the same stores and by the same rules
// as version 2.
//
// What has no field of its own: the type of a route is the variable
// PICASSO_ROUTE_TYPE in the function's config, max_concurrency is
// max_sandboxes, format default is the contract stdio and http is stdio-http.
// Names of config become those of environment variables when they are stored,
// as IronFunctions hands them to functions. Members of a body that this package
// does not know are ignored, as they were.
package v1

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// The messages of answers.
const (
	AppsListed    = "Successfully listed applications"
	AppCreated    = "App successfully created"
	AppLoaded     = "Successfully loaded app"
	AppUpdated    = "App successfully updated"
	AppDeleted    = "App successfully deleted"
	RoutesListed  = "Successfully loaded app routes"
	RouteCreated  = "App route successfully created"
	RouteLoaded   = "App route successfully loaded"
	RouteUpdated  = "Route successfully updated"
	RouteDeleted  = "Route successfully deleted"
	BadMediaType  = "Invalid content type"
	notAuthorized = "Not authorized. Reason: "
)

// Error is the body of every error.
type Error struct {
	Error struct {
		Message string `json:"message"`
	} `json:"error"`
}

// NewError words an error for clients of version 1.
func NewError(e *picasso.Error) Error {
	message := e.Detail
	if message == "" {
		message = e.Title
	}
	if e.Code == picasso.CodeUnauthenticated {
		message = notAuthorized + message
	}
	for field, name := range map[string]string{
		"memory_mb: ": "memory: ", "timeout_s: ": "timeout: ", "max_sandboxes: ": "max_concurrency: ", "contract: ": "format: ",
	} {
		if rest, ok := strings.CutPrefix(message, field); ok {
			message = name + rest
		}
	}
	var body Error
	body.Error.Message = message
	return body
}

// stamp is a time as version 1 writes it, in UTC.
type stamp time.Time

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format(`"2006-01-02 15:04:05.000000"`)), nil
}

// number is an integer that may come as a string, as the original client sends it.
type number int

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.Atoi(strings.Trim(string(data), `"`))
	*n = number(value)
	return err
}

// boolean is a truth value that may come as a string, as the original client sends it.
type boolean bool

// UnmarshalJSON implements json.Unmarshaler.
func (b *boolean) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseBool(strings.ToLower(strings.Trim(string(data), `"`)))
	*b = boolean(value)
	return err
}

// read reads one member of a body, if it is there and not null.
func read[T any](body map[string]json.RawMessage, name, kind string) (*T, error) {
	data, ok := body[name]
	if !ok || string(data) == "null" {
		return nil, nil //nolint:nilnil // it is not there, which is fine
	}
	value := new(T)
	if json.Unmarshal(data, value) != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "%s: must be %s", name, kind)
	}
	return value, nil
}

// wrapped is the object that a body has under a name. Errors: invalid.
func wrapped(body map[string]json.RawMessage, name string) (map[string]json.RawMessage, error) {
	inner, err := read[map[string]json.RawMessage](body, name, "a JSON object")
	if err == nil && inner == nil {
		err = picasso.Errorf(picasso.CodeInvalid, "%s: is required", name)
	}
	if err != nil {
		return nil, err
	}
	return *inner, nil
}

// config is the merge patch that makes of a config the one in the body; nil
// where the body has none. What keep names stays. Errors: invalid.
func config(body map[string]json.RawMessage, old map[string]string, keep string) (map[string]*string, error) {
	given, err := read[map[string]json.RawMessage](body, "config", "a JSON object")
	if err != nil || given == nil {
		return nil, err
	}
	patch := map[string]*string{}
	for name := range old {
		if name != keep {
			patch[name] = nil
		}
	}
	for name, data := range *given {
		if string(data) == "null" { // as if it was not there, like every member
			continue
		}
		value := string(data) // numbers and such, as they are written
		if data[0] == '"' && json.Unmarshal(data, &value) != nil {
			return nil, picasso.Errorf(picasso.CodeInvalid, "config: %q is not text", name)
		}
		patch[strings.ReplaceAll(strings.ToUpper(name), "-", "_")] = &value
	}
	return patch, nil
}
