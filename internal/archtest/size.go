package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
)

// checkDocs wants exactly one package comment per package, outside its tests, and no directory name of Names.
func (p *Policy) checkDocs(t *Tree) []string {
	var found []string
	for _, pkg := range t.Packages {
		if slices.Contains(p.Names, path.Base(pkg.Path)) {
			found = append(found, fmt.Sprintf("%s: a package is named for what it does, not %q", pkg.Path, path.Base(pkg.Path)))
		}
		written, docs := 0, []string(nil)
		for _, file := range pkg.Files {
			if file.Test || file.Generated {
				continue
			}
			written++
			if file.syntax.Doc.Text() != "" {
				docs = append(docs, path.Base(file.Path))
			}
		}
		if written > 0 && len(docs) != 1 {
			found = append(found, fmt.Sprintf("%s: has %d package docs %v, want one, in doc.go", pkg.Path, len(docs), docs))
		}
	}
	return found
}

// size is one measured thing.
type size struct {
	key   string // as in Policy.Allow
	unit  string
	is    int
	limit int
}

func (p *Policy) checkBudget(t *Tree) []string {
	var found []string
	used := map[string]bool{}
	for _, s := range p.sizes(t) {
		if s.limit == 0 || s.is <= s.limit {
			continue
		}
		if _, ok := p.Allow[s.key]; ok {
			used[s.key] = true
			continue
		}
		found = append(found, fmt.Sprintf("%s: %d %s, the budget is %d: split it", s.key, s.is, s.unit, s.limit))
	}
	for key, why := range p.Allow {
		if !used[key] {
			found = append(found, key+": is within the budget (or gone): remove it from the exceptions")
		}
		if why == "" {
			found = append(found, key+": an exception needs a reason")
		}
	}
	return found
}

func (p *Policy) sizes(t *Tree) []size {
	var all []size
	for _, pkg := range t.Packages {
		total := 0
		for _, file := range pkg.Files {
			if file.Generated {
				continue
			}
			all = append(all, size{file.Path, "lines", file.Lines, p.Budget.File})
			if !file.Test {
				total += file.Lines
				all = append(all, p.parts(t, file)...)
			}
		}
		all = append(all, size{pkg.Path, "lines without tests", total, p.Budget.Package})
	}
	return all
}

// parts measures the functions and structs of one file.
func (p *Policy) parts(t *Tree, file *File) []size {
	var all []size
	for _, decl := range file.syntax.Decls {
		name := "var"
		if d, ok := decl.(*ast.FuncDecl); ok {
			name = funcName(d)
			if d.Body != nil {
				lines := t.fset.Position(d.Body.Rbrace).Line - t.fset.Position(d.Body.Lbrace).Line - 1
				all = append(all, size{file.Path + "#" + name, "lines in the body", lines, p.Budget.Func})
			}
		}
		ast.Inspect(decl, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.TypeSpec:
				name = n.Name.Name
			case *ast.StructType:
				all = append(all, size{file.Path + "#" + name, "fields", n.Fields.NumFields(), p.Budget.Fields})
			}
			return true
		})
	}
	return all
}

// funcName is "Name", or "Type.Name" for a method.
func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	kind := d.Recv.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.IndexListExpr:
			kind = k.X
		case *ast.Ident:
			return k.Name + "." + d.Name.Name
		default:
			return d.Name.Name
		}
	}
}
