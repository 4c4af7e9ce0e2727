package archtest

import (
	"go/ast"
	"go/token"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range tree(t) {
		if isTestFile(f) {
			continue
		}
		documented[f.Dir] = documented[f.Dir] || f.Syntax.Doc != nil
	}
	for dir, yes := range documented {
		assert.True(t, yes, "%s: no package comment", dir)
	}
}

func isTestFile(f File) bool {
	return len(f.Path) > 8 && f.Path[len(f.Path)-8:] == "_test.go"
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, f := range tree(t) {
		if isTestFile(f) || f.Syntax.Name.Name == "main" {
			continue
		}
		for _, decl := range f.Syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && ofExportedType(d) {
					assert.NotNil(t, d.Doc, "%s: %s has no comment", f.At(d), d.Name.Name)
				}
			case *ast.GenDecl:
				checkSpecs(t, f, d)
			}
		}
	}
}

// ofExportedType tells whether users of the package can see the method.
func ofExportedType(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	for {
		switch x := receiver.(type) {
		case *ast.StarExpr:
			receiver = x.X
		case *ast.IndexExpr:
			receiver = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// checkSpecs takes a comment on the group for all of it.
func checkSpecs(t *testing.T, f File, d *ast.GenDecl) {
	if d.Tok == token.IMPORT || d.Doc != nil {
		return
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			assert.False(t, s.Name.IsExported() && s.Doc == nil, "%s: %s has no comment", f.At(s), s.Name.Name)
		case *ast.ValueSpec:
			undocumented := s.Doc == nil && s.Comment == nil
			assert.False(t, s.Names[0].IsExported() && undocumented, "%s: %s has no comment", f.At(s), s.Names[0].Name)
		}
	}
}

// maxFunctionLines is where a function has to be taken apart; half of it is
// where to think about it.
const maxFunctionLines = 100

// maxFileLines is where a file has to become several. Tests and test kits may
// be longer.
const maxFileLines = 400

func TestFunctionsAndFilesFitOnAScreenOrTwo(t *testing.T) {
	for _, f := range tree(t) {
		lines := f.Set.Position(f.Syntax.End()).Line
		assert.True(t, lines <= maxFileLines || f.IsTest(), "%s has %d lines", f.Path, lines)
		for _, decl := range f.Syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				long := f.Set.Position(fn.End()).Line - f.Set.Position(fn.Pos()).Line + 1
				assert.LessOrEqual(t, long, maxFunctionLines, "%s: %s is too long", f.At(fn), fn.Name.Name)
			}
		}
	}
}
