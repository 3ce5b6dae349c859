package problem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Every refusal carries a code of this package, and every code is in use: what is told to nobody has no
// place in the list, and what is told without a code cannot be said in another language.
func TestEveryRefusalHasACode(t *testing.T) {
	declared := codes(t)
	used := map[string]bool{}
	refusals := 0
	walk(t, "../..", func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "problem" {
					used[n.Sel.Name] = true
				}
			case *ast.CompositeLit:
				if name(n.Type) == "Problem" && len(n.Elts) > 0 && strings.Contains(path, "/api/") {
					refusals++
					coded(t, path, n.Elts, 1)
				}
			case *ast.CallExpr:
				if f := name(n.Fun); (f == "fail" || f == "refuse") && (strings.Contains(path, "/access/") || strings.Contains(path, "/live/")) {
					refusals++
					coded(t, path, n.Args, 2)
				}
			}
			return true
		})
	})
	if refusals < 100 {
		t.Errorf("found %d refusals: the test looks in the wrong place", refusals)
	}
	for c := range declared {
		if !used[c] {
			t.Errorf("no refusal has the code %s", c)
		}
	}
}

func TestNoTwoCodesAreTheSame(t *testing.T) {
	seen := map[string]string{}
	for c, value := range codes(t) {
		if other, ok := seen[value]; ok {
			t.Errorf("%s and %s are both %s", c, other, value)
		}
		seen[value] = c
	}
}

// coded looks that what stands at a place is no literal of a string.
func coded(t *testing.T, path string, list []ast.Expr, at int) {
	t.Helper()
	if len(list) <= at {
		t.Errorf("%s: a refusal without a code", path)
		return
	}
	if lit, ok := list[at].(*ast.BasicLit); ok {
		t.Errorf("%s: the code %s is no constant of package problem", path, lit.Value)
	}
}

func codes(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			list[v.Names[0].Name] = v.Values[0].(*ast.BasicLit).Value
		}
		return true
	})
	if len(list) == 0 {
		t.Fatal("code.go declares no code")
	}
	return list
}

// walk gives every Go file under root that is no test, and none of this package.
func walk(t *testing.T, root string, look func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err == nil {
			look(filepath.ToSlash(path), file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
