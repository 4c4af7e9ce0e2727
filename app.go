package picasso

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// DefaultApp is the app that exists in every project from its first use; a
// function named without an app is in it.
const DefaultApp = "default"

// AppSpec is what a user sets of an app.
type AppSpec struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Config      map[string]string `json:"config"`  // environment of every function of the app
	Enabled     bool              `json:"enabled"` // false pauses every function of the app, see FunctionSpec
}

// DefaultAppSpec returns a spec with every default set.
func DefaultAppSpec() AppSpec { return AppSpec{Enabled: true} }

// App groups functions of a project. Its name is unique in the project.
type App struct {
	ID        string `json:"id"`
	ProjectID string `json:"project_id"`
	AppSpec
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Validate checks everything that can be checked without a store. Errors:
// invalid, naming the field.
func (s *AppSpec) Validate() error {
	if err := validateName("name", s.Name); err != nil {
		return err
	}
	if err := validateText("description", s.Description, MaxDescriptionBytes); err != nil {
		return err
	}
	return validateConfig("config", s.Config)
}

// AppFilter narrows a list of apps. Empty fields match everything.
type AppFilter struct {
	ProjectID string // empty: every project
	Name      string
}

// AppStore keeps apps. A project of "" in a look-up means any project; with
// one, what belongs to another project is not_found. ref is an id or, within a
// project, a name. Every method may return unavailable.
type AppStore interface {
	// CreateApp stores a new app. Errors: conflict (name taken in the project).
	CreateApp(ctx context.Context, app *App) error
	// App returns one app. Errors: not_found.
	App(ctx context.Context, projectID, ref string) (*App, error)
	// Apps lists a page and tells whether more follow. Errors: invalid (marker, sort).
	Apps(ctx context.Context, filter AppFilter, page Page) (apps []App, more bool, err error)
	// UpdateApp replaces the spec of the app with app.ID, provided its stored
	// updated_at is still before. When the config changed, the functions of
	// the app get a new revision in the same transaction. Errors: not_found,
	// conflict (name taken, or changed meanwhile).
	UpdateApp(ctx context.Context, app *App, before time.Time) error
	// DeleteApp removes an app without functions. Errors: not_found, conflict.
	DeleteApp(ctx context.Context, projectID, id string) error
}

// Limits of user-set text, in bytes.
const (
	MaxNameBytes        = 255
	MaxDescriptionBytes = 1024
	MaxConfigBytes      = 64 << 10 // sum of all names and values of one config
)

var (
	nameShape   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	configShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	uuidShape   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// IsID reports whether ref has the shape of an id (a lower-case UUID) and not
// of a name. Names of that shape are refused, so that a reference is never
// ambiguous.
func IsID(ref string) bool { return uuidShape.MatchString(ref) }

func validateName(field, name string) error {
	switch {
	case name == "":
		return Errorf(CodeInvalid, "%s: is required", field)
	case len(name) > MaxNameBytes:
		return Errorf(CodeInvalid, "%s: is longer than %d bytes", field, MaxNameBytes)
	case IsID(name):
		return Errorf(CodeInvalid, "%s: must not look like an id", field)
	case !nameShape.MatchString(name):
		return Errorf(CodeInvalid, "%s: must start with a letter or digit and hold only letters, digits, '-', '_' and '.'", field)
	}
	return nil
}

func validateText(field, text string, maxBytes int) error {
	if len(text) > maxBytes {
		return Errorf(CodeInvalid, "%s: is longer than %d bytes", field, maxBytes)
	}
	if strings.ContainsRune(text, 0) {
		return Errorf(CodeInvalid, "%s: must not contain NUL", field)
	}
	return nil
}

func validateConfig(field string, config map[string]string) error {
	total := 0
	for name, value := range config {
		total += len(name) + len(value)
		if !configShape.MatchString(name) {
			return Errorf(CodeInvalid, "%s: %q is not a name of an environment variable", field, name)
		}
		if err := validateText(fmt.Sprintf("%s[%s]", field, name), value, MaxConfigBytes); err != nil {
			return err
		}
	}
	if total > MaxConfigBytes {
		return Errorf(CodeInvalid, "%s: names and values are more than %d bytes together", field, MaxConfigBytes)
	}
	return nil
}
