package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnlyCommandsReadFlagsAndEnvironment(t *testing.T) {
	private := []string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Args"}
	for _, f := range tree(t) {
		if f.Top() == "cmd" || f.IsTest() {
			continue
		}
		assert.NotContains(t, f.Imports(), "flag", "%s: flags are the business of cmd", f.Path)
		f.Uses(func(at ast.Node, path, name string) {
			assert.NotContains(t, private, path+"."+name, "%s: only cmd looks at the process around it", f.At(at))
		})
	}
}

func TestOnlyMainExits(t *testing.T) {
	for _, f := range tree(t) {
		if f.Syntax.Name.Name == "main" || strings.HasSuffix(f.Path, "_test.go") {
			continue // of tests, TestMain exits
		}
		f.Uses(func(at ast.Node, path, name string) {
			exits := path == "os" && name == "Exit" || path == "log" && strings.HasPrefix(name, "Fatal")
			assert.False(t, exits, "%s: only main exits", f.At(at))
		})
		eachCall(f, func(call *ast.CallExpr, name string) {
			assert.False(t, name == "Fatal" && looksLikeLog(call), "%s: a log that exits", f.At(call))
		})
	}
}

// looksLikeLog tells loggers from testing.T.
func looksLikeLog(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch x := sel.X.(type) {
	case *ast.Ident:
		return strings.HasPrefix(x.Name, "log")
	case *ast.SelectorExpr:
		return strings.HasPrefix(strings.ToLower(x.Sel.Name), "log")
	}
	return false
}

// eachCall visits calls of functions and methods by their last name.
func eachCall(f File, visit func(call *ast.CallExpr, name string)) {
	ast.Inspect(f.Syntax, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			visit(call, fun.Name)
		case *ast.SelectorExpr:
			visit(call, fun.Sel.Name)
		}
		return true
	})
}

func TestNoInitAndNoPanic(t *testing.T) {
	for _, f := range tree(t) {
		for _, decl := range f.Syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				assert.NotEqual(t, "init", fn.Name.Name, "%s: no init()", f.At(fn))
			}
		}
		if f.IsTest() {
			continue
		}
		ast.Inspect(f.Syntax, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && isPanic(call) {
				assert.Fail(t, "panic", "%s: return an error", f.At(call))
			}
			return true
		})
	}
}

// isPanic leaves out panic(http.ErrAbortHandler), net/http's way to cut a
// connection.
func isPanic(call *ast.CallExpr) bool {
	ident, ok := call.Fun.(*ast.Ident)
	if !ok || ident.Name != "panic" {
		return false
	}
	sel, ok := call.Args[0].(*ast.SelectorExpr)
	return !ok || sel.Sel.Name != "ErrAbortHandler"
}

func TestNoContextInStructs(t *testing.T) {
	for _, f := range tree(t) {
		if f.IsTest() {
			continue
		}
		ast.Inspect(f.Syntax, func(node ast.Node) bool {
			if s, ok := node.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					sel, ok := field.Type.(*ast.SelectorExpr)
					assert.False(t, ok && sel.Sel.Name == "Context", "%s: a context is a parameter, not a field", f.At(field))
				}
			}
			return true
		})
	}
}

func TestTestsDoNotSleep(t *testing.T) {
	allowed := []string{"tools/functions", "tools/bench"} // functions that sleep on request; a load generator
	for _, f := range tree(t) {
		if !f.IsTest() || slices.ContainsFunc(allowed, func(dir string) bool { return strings.HasPrefix(f.Dir, dir) }) {
			continue
		}
		f.Uses(func(at ast.Node, path, name string) {
			assert.False(t, path == "time" && name == "Sleep", "%s: wait for a condition", f.At(at))
		})
	}
}
