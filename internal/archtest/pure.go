package archtest

import (
	"fmt"
	"go/ast"
)

// clock are the functions of package time that read the clock or wait for it.
var clock = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true,
	"AfterFunc": true, "Tick": true, "NewTimer": true, "NewTicker": true,
}

func (p *Policy) checkPure(t *Tree) []string {
	var found []string
	for pkg, file := range t.production {
		for _, rule := range p.Pure {
			if match(rule.Path, pkg.Path) {
				found = append(found, rule.check(t, file)...)
			}
		}
	}
	return found
}

func (r *Pure) check(t *Tree, file *File) []string {
	var found []string
	report := func(line int, what string) {
		found = append(found, fmt.Sprintf("%s:%d: %s: %s", file.Path, line, what, r.Why))
	}
	local := ""
	for _, imp := range file.Imports {
		if covered(r.Imports, imp.Path) {
			report(imp.Line, "a pure package may not import "+imp.Path)
		}
		if imp.Path != "time" {
			continue
		}
		local = imp.Name
		if r.Clock && local == "." {
			report(imp.Line, "a pure package may not dot-import time")
		}
	}
	ast.Inspect(file.syntax, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.GoStmt:
			if r.Go {
				report(t.fset.Position(n.Pos()).Line, "a pure package starts no goroutine")
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if r.Clock && ok && local != "" && x.Name == local && clock[n.Sel.Name] {
				report(t.fset.Position(n.Pos()).Line, "a pure package does not call time."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}
