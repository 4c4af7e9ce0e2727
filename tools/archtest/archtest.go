// Package archtest holds the house rules as tests: who may import whom, what
// only commands may do, and how the code is written. A rule that fails names
// file and line; the reasons are in CONTRIBUTING.md.
//
// The package itself only reads the source tree for them.
package archtest

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Module is the import path of the root package.
const Module = "github.com/picasso-faas/picasso"

// File is one Go file of the tree.
type File struct {
	Path   string // from the root of the repository, with slashes
	Dir    string // of Path, "." for the root
	Syntax *ast.File
	Set    *token.FileSet
}

// Tree parses all Go files below root that are built here, without testdata
// and what is not ours.
func Tree(root string) ([]File, error) {
	var files []File
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(rel)
		}
		if built, err := build.Default.MatchFile(filepath.Dir(name), entry.Name()); !strings.HasSuffix(name, ".go") || err != nil || !built {
			return err
		}
		syntax, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, File{Path: rel, Dir: path.Dir(rel), Syntax: syntax, Set: set})
		return nil
	})
	return files, err
}

// skip leaves out folders without source of ours.
func skip(dir string) error {
	switch base := filepath.Base(dir); {
	case dir == ".":
		return nil
	case strings.HasPrefix(base, "."), base == "testdata", base == "node_modules", dir == "bin", dir == "run", dir == "bench":
		return filepath.SkipDir
	}
	return nil
}

// IsTest reports whether the file belongs to tests: by its name, in a test kit
// ("dbtest"), or among the tools of developers.
func (f *File) IsTest() bool {
	return strings.HasSuffix(f.Path, "_test.go") || strings.HasSuffix(f.Syntax.Name.Name, "test") || f.Top() == "tools"
}

// Top is the folder at the top of the repository that the file is in, "." for none.
func (f *File) Top() string {
	top, _, below := strings.Cut(f.Path, "/")
	if !below {
		return "."
	}
	return top
}

// Imports lists the import paths.
func (f *File) Imports() []string {
	var paths []string
	for _, spec := range f.Syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// At is the place of a node, for people.
func (f *File) At(node ast.Node) string {
	return f.Path + ":" + strconv.Itoa(f.Set.Position(node.Pos()).Line)
}

// Uses calls found for every selector expression such as os.Exit on an
// imported package, by import path and name.
func (f *File) Uses(found func(at ast.Node, path, name string)) {
	names := map[string]string{}
	for _, spec := range f.Syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		names[path.Base(p)] = p
		if spec.Name != nil {
			names[spec.Name.Name] = p
		}
	}
	ast.Inspect(f.Syntax, func(node ast.Node) bool {
		if sel, ok := node.(*ast.SelectorExpr); ok {
			if ident, ok := sel.X.(*ast.Ident); ok && names[ident.Name] != "" {
				found(sel, names[ident.Name], sel.Sel.Name)
			}
		}
		return true
	})
}
