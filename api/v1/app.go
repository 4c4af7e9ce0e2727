package v1

import (
	"encoding/json"
	"strings"

	"github.com/picasso-faas/picasso"
)

// App is an app as version 1 shows it.
type App struct {
	ID          string            `json:"id"` // without '-'
	Name        string            `json:"name"`
	Config      map[string]string `json:"config"`
	Description string            `json:"description"`
	CreatedAt   stamp             `json:"created_at"`
	UpdatedAt   stamp             `json:"updated_at"`
	ProjectID   string            `json:"project_id"`
}

// ViewApp shows an app.
func ViewApp(app *picasso.App) App {
	config := app.Config
	if config == nil {
		config = map[string]string{}
	}
	return App{
		ID: strings.ReplaceAll(app.ID, "-", ""), Name: app.Name, Config: config, Description: app.Description,
		CreatedAt: stamp(app.CreatedAt), UpdatedAt: stamp(app.UpdatedAt), ProjectID: app.ProjectID,
	}
}

// StoredName is the name of an app that a project calls name: with the
// project behind it, so that the URL of a public route, which names no
// project, finds the one it belongs to. The original cut it off at 30 bytes,
// where the apps of two projects could meet.
func StoredName(name, projectID string) string {
	if strings.HasSuffix(name, "-"+projectID) {
		return name
	}
	return name + "-" + projectID
}

// ProjectOf is the project that the name of an app ends with, "" if none.
func ProjectOf(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 {
		return ""
	}
	return name[i+1:]
}

// CreateApp is the app of version 2 that the body asks for. Errors: invalid.
func CreateApp(body map[string]json.RawMessage, projectID string) (map[string]any, error) {
	app, err := wrapped(body, "app")
	if err != nil {
		return nil, err
	}
	name, err := read[string](app, "name", "text")
	if err == nil && (name == nil || *name == "") {
		err = picasso.Errorf(picasso.CodeInvalid, "name: is required")
	}
	if err != nil {
		return nil, err
	}
	patch, err := UpdateApp(app, nil)
	if err != nil {
		return nil, err
	}
	patch["name"] = StoredName(*name, projectID)
	return patch, nil
}

// UpdateApp is the merge patch of version 2 for what the body says of an app
// with that config. Errors: invalid.
func UpdateApp(body map[string]json.RawMessage, old map[string]string) (map[string]any, error) {
	patch := map[string]any{}
	description, err := read[string](body, "description", "text")
	if err != nil {
		return nil, err
	}
	if description != nil {
		patch["description"] = *description
	}
	config, err := config(body, old, "")
	if err != nil {
		return nil, err
	}
	if config != nil {
		patch["config"] = config
	}
	return patch, nil
}
