// Package config reads configuration the way OpenStack services do
// (oslo.config): INI files, later ones winning, and above them the environment
// as OS_<GROUP>__<OPTION>. What can be set is told by structs: a field with
// the tag `ini:"name" help:"…"` is an option whose default is the field's value.
//
// It promises that no typo is silent: a section, an option or a value that
// means nothing is an error that names file and line, or the variable.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Section is a group of options. Several with the same name add up.
type Section struct {
	Name string
	Into any // pointer to a struct with the defaults; Read overwrites what is configured
}

// Sources says where values come from, the weakest first.
type Sources struct {
	Files   []string // in order
	Dirs    []string // after Files: every *.conf in each, by name
	Environ []string // as os.Environ gives it
	// Ignore lists sections, and options as "section/option", that may stand in the files without meaning
	// anything here, because other processes read the same files.
	Ignore []string
}

// Read fills the sections in from the sources. The error joins everything that
// was wrong, one line each; after an error the sections are half filled.
func Read(sections []Section, src Sources) error {
	known := collect(sections)
	files := slices.Clone(src.Files)
	for _, dir := range src.Dirs {
		found, err := confFiles(dir)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	var wrong []error
	for _, name := range files {
		wrong = append(wrong, known.readFile(name, src.Ignore))
	}
	wrong = append(wrong, known.readEnviron(src.Environ))
	return errors.Join(wrong...)
}

// confFiles lists the *.conf files of a directory, sorted by name.
func confFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("config directory: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && filepath.Ext(entry.Name()) == ".conf" {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	return files, nil
}

func (known options) readFile(name string, ignore []string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	entries, err := parseINI(string(text))
	wrong := []error{located(name, err)}
	for _, e := range entries {
		if slices.Contains(ignore, e.section) || slices.Contains(ignore, e.section+"/"+e.name) {
			continue
		}
		if err := known.set(e.section, e.name, e.value); err != nil {
			wrong = append(wrong, located(name, &lineError{e.line, err}))
		}
	}
	return errors.Join(wrong...)
}

// readEnviron applies OS_<GROUP>__<OPTION>. Variables of groups that are not
// ours belong to somebody else.
func (known options) readEnviron(environ []string) error {
	var wrong []error
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		rest, isOS := strings.CutPrefix(name, "OS_")
		group, opt, isOption := strings.Cut(rest, "__")
		if !isOS || !isOption {
			continue
		}
		section, ours := known.sectionOf(group)
		if !ours {
			continue
		}
		if err := known.set(section, strings.ToLower(opt), value); err != nil {
			wrong = append(wrong, fmt.Errorf("environment variable %s: %w", name, err))
		}
	}
	return errors.Join(wrong...)
}

// sectionOf finds the section whose name in upper case is group.
func (known options) sectionOf(group string) (string, bool) {
	for section := range known {
		if strings.ToUpper(section) == group {
			return section, true
		}
	}
	return "", false
}
