package archtest

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tree(t *testing.T) []File {
	t.Helper()
	files, err := parsed()
	require.NoError(t, err)
	require.Greater(t, len(files), 50, "the tree was not found")
	return files
}

// parsed is the tree, which all tests read.
var parsed = sync.OnceValues(func() ([]File, error) { return Tree("../..") })

// adapters stand beside the root package and never see one another.
func adapters() []string { return []string{"api", "keystone", "triggers", "engine", "db"} }

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// within tells whether an import path is the folder of ours or below it.
func within(path, folder string) bool {
	return path == Module+"/"+folder || strings.HasPrefix(path, Module+"/"+folder+"/")
}

func TestRootPackageIsSmallAndAlone(t *testing.T) {
	count := 0
	for _, f := range tree(t) {
		if f.Dir != "." || f.IsTest() {
			continue
		}
		count++
		for _, path := range f.Imports() {
			assert.True(t, isStandard(path), "%s imports %s: the root package imports the standard library only", f.Path, path)
		}
	}
	assert.LessOrEqual(t, count, 8, "files of the root package")
}

func TestAdaptersDoNotSeeOneAnother(t *testing.T) {
	for _, f := range tree(t) {
		if !slices.Contains(adapters(), f.Top()) || f.IsTest() {
			continue
		}
		for _, path := range f.Imports() {
			ours := strings.HasPrefix(path, Module+"/")
			assert.False(t, ours && !within(path, f.Top()), "%s imports %s: adapters import the root package and what is below them", f.Path, path)
		}
	}
}

func TestOnlyLaunchSeesEverything(t *testing.T) {
	for _, f := range tree(t) {
		if f.Top() != "cmd" || f.IsTest() || f.Dir == "cmd/internal/launch" {
			continue
		}
		for _, path := range f.Imports() {
			allowed := !strings.HasPrefix(path, Module+"/") || within(path, "cmd") ||
				strings.HasPrefix(f.Dir, "cmd/picasso") && within(path, "api/client")
			assert.True(t, allowed, "%s imports %s: only cmd/internal/launch wires", f.Path, path)
		}
	}
}

func TestEachSDKIsNamedInOneFolder(t *testing.T) {
	homes := map[string][]string{
		"github.com/gophercloud/gophercloud": {"keystone", "api/client"},
		"github.com/gorilla/mux":             {"api"},
		"github.com/prometheus":              {"api", "triggers", "cmd/internal/launch"}, // not an SDK: each counts what it does
		"github.com/docker":                  {"engine/docker"},
		"github.com/distribution/reference":  {"engine/docker"},
		"github.com/go-sql-driver/mysql":     {"db"},
		"modernc.org/sqlite":                 {"db"},
		"github.com/pressly/goose":           {"db"},
		"github.com/rabbitmq/amqp091-go":     {"triggers/amqp"},
		"github.com/netresearch/go-cron":     {"triggers/schedule"},
		"github.com/spf13":                   {"cmd"},
	}
	for _, f := range tree(t) {
		if f.IsTest() {
			continue
		}
		for _, path := range f.Imports() {
			for sdk, folders := range homes {
				if path != sdk && !strings.HasPrefix(path, sdk+"/") {
					continue
				}
				home := slices.ContainsFunc(folders, func(folder string) bool { return f.Dir == folder || strings.HasPrefix(f.Dir, folder+"/") })
				assert.True(t, home, "%s imports %s: it belongs to %v", f.Path, path, folders)
			}
		}
	}
}

func TestTopLevelHoldsOnlyWhatWasOrdered(t *testing.T) {
	ordered := []string{
		"cmd", "api", "keystone", "triggers", "engine", "db", "devstack", "etc", "tools",
		"Makefile", "go.mod", "go.sum", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
		"bin", "run", "bench", // made by make, not stored
	}
	entries, err := os.ReadDir("../..")
	require.NoError(t, err)
	for _, entry := range entries {
		name := entry.Name()
		known := slices.Contains(ordered, name) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".go") && !entry.IsDir()
		assert.True(t, known, "%s: not a name of the top level", name)
	}
}
