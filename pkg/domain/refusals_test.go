package domain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every refusal that a decider can give is provoked by a scenario beside it: a call of Refused (or refused) that names its code.

// codes finds the string literals that are the argument at a place of calls of the named functions, by the folder of the file.
func codes(t *testing.T, ofTests bool, place int, functions ...string) (literal map[string]map[string]bool, computed []string) {
	t.Helper()
	literal = map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != ofTests {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, source, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) <= place || !slices.Contains(functions, called(call)) {
				return true
			}
			lit, ok := call.Args[place].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				computed = append(computed, files.Position(call.Pos()).String())
				return true
			}
			code, _ := strconv.Unquote(lit.Value)
			folder := filepath.Dir(path)
			if literal[folder] == nil {
				literal[folder] = map[string]bool{}
			}
			literal[folder][code] = true
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return literal, computed
}

// called names the function of a call: decider.Refuse, Refused, refused.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && x.Name == "decider" {
			return "decider." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}

func TestEveryRefusalIsProvokedByAScenario(t *testing.T) {
	given, computed := codes(t, false, 0, "decider.Refuse")
	if len(computed) > 0 {
		t.Errorf("codes are written out, so that they can be searched for; computed at %v", computed)
	}
	provoked, _ := codes(t, true, 0, "Refused")
	known := map[string]bool{}
	for folder, all := range given {
		for code := range all {
			known[code] = true
			if !provoked[folder][code] {
				t.Errorf("%s: no scenario provokes %s", folder, code)
			}
		}
	}
	for folder, all := range provoked {
		for code := range all {
			if !known[code] {
				t.Errorf("%s: a scenario provokes %s, which no decider gives", folder, code)
			}
		}
	}
	if len(known) < 80 {
		t.Errorf("only %d refusals were found: the scan does not see the source any more", len(known))
	}
}
