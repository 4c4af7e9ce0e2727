package daemon

import (
	"os"
	"path/filepath"

	"github.com/picasso-faas/picasso/cmd/internal/build"
	"github.com/picasso-faas/picasso/cmd/internal/config"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

// Where an operator keeps the configuration unless the command line says
// otherwise.
const (
	defaultFile = "/etc/picasso/picasso.conf"
	defaultDir  = "/etc/picasso/picasso.conf.d"
)

// Sources says where the configuration is, and what the command line sets of it.
type Sources struct {
	Files, Dirs []string
	StatePath   string // in place of state_path, when not empty
	Debug       bool
}

// Load reads the configuration of a role. Without files named, those in
// /etc/picasso are taken if they are there, but not for picasso-allinone,
// which then runs on defaults for development.
func Load(role launch.Role, src Sources, environ []string) (launch.Config, error) {
	cfg := launch.DefaultConfig()
	files, dirs := src.Files, src.Dirs
	if len(files)+len(dirs) == 0 {
		if role == launch.RoleAllInOne {
			cfg = launch.DevelopmentConfig()
		} else {
			files, dirs = existing(defaultFile), existing(defaultDir)
		}
	}
	err := config.Read(cfg.Sections(), config.Sources{Files: files, Dirs: dirs, Environ: environ, Ignore: launch.Ignored()})
	if err != nil {
		return cfg, err
	}
	if src.StatePath != "" {
		cfg.General.StatePath = src.StatePath
	}
	cfg.General.Debug = cfg.General.Debug || src.Debug
	cfg.Engine.Version = build.Version()
	cfg.Complete(role, configDir(files, dirs))
	return cfg, nil
}

func existing(path string) []string {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	return []string{path}
}

// configDir is where policy.yaml is looked for.
func configDir(files, dirs []string) string {
	switch {
	case len(files) > 0:
		return filepath.Dir(files[0])
	case len(dirs) > 0:
		return dirs[0]
	}
	return filepath.Dir(defaultFile)
}
