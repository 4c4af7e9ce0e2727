package dbtest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/picasso-faas/picasso/db/migrations"
)

// template is a SQLite file with today's schema and nothing in it, for tests
// to copy: migrating takes seconds under the race detector. It is made by
// whoever needs it first, and stays for the test binaries that come after.
func template(t testing.TB) []byte {
	t.Helper()
	name := filepath.Join(os.TempDir(), fmt.Sprintf("picasso-dbtest-%d-%x.sqlite", os.Getuid(), schemaSum(t, "sqlite")))
	if content, err := os.ReadFile(name); err == nil {
		return content
	}
	mine := filepath.Join(t.TempDir(), "template.sqlite")
	store := Open(t, "sqlite:///"+mine)
	if err := store.Close(); err != nil { // puts all of it into the one file
		t.Fatal(err)
	}
	content, err := os.ReadFile(mine)
	if err == nil {
		err = os.Rename(mine, name) // at once: nobody reads half of it
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// schemaSum tells one set of migrations from another.
func schemaSum(t testing.TB, dialect string) []byte {
	t.Helper()
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files, dialect, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := migrations.Files.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum.Sum(nil)[:8]
}
