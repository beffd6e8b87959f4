package borrowcheck

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
)

const directive = "//pelton:lends"

// marks are the directives of one package.
type marks struct {
	pass    *analysis.Pass
	objects map[types.Object]bool
	lines   map[line]*lineMark
}

type line struct {
	file string
	line int
}

// lineMark excuses what is reported on its line and the next; it must have something to excuse.
type lineMark struct {
	pos  token.Pos
	used bool
}

// readMarks finds the package's marks and makes those of declarations known to the packages that import it.
func readMarks(pass *analysis.Pass) *marks {
	m := &marks{pass: pass, objects: make(map[types.Object]bool), lines: make(map[line]*lineMark)}
	for _, file := range pass.Files {
		taken := make(map[*ast.Comment]bool)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				m.declared(taken, n.Name, n.Doc)
			case *ast.GenDecl:
				if len(n.Specs) == 1 && !n.Lparen.IsValid() {
					if s, ok := n.Specs[0].(*ast.TypeSpec); ok {
						m.declared(taken, s.Name, n.Doc)
					}
				}
			case *ast.TypeSpec:
				m.declared(taken, n.Name, n.Doc, n.Comment)
			case *ast.StructType:
				for _, f := range n.Fields.List {
					m.field(taken, f)
				}
			}
			return true
		})
		for _, group := range file.Comments {
			for _, c := range group.List {
				if !taken[c] && m.is(c) {
					at := pass.Fset.Position(c.Pos())
					m.lines[line{at.Filename, at.Line}] = &lineMark{pos: c.Pos()}
				}
			}
		}
	}
	return m
}

// is reports whether the comment is a mark, and complains about one without a reason.
func (m *marks) is(c *ast.Comment) bool {
	_, ok := reason(c)
	return ok
}

func reason(c *ast.Comment) (string, bool) {
	rest, ok := strings.CutPrefix(c.Text, directive)
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", false
	}
	rest, _, _ = strings.Cut(rest, "//")
	return strings.TrimSpace(rest), true
}

func (m *marks) declared(taken map[*ast.Comment]bool, name *ast.Ident, groups ...*ast.CommentGroup) {
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			why, ok := reason(c)
			if !ok || taken[c] {
				continue
			}
			taken[c] = true
			if why == "" {
				m.pass.Reportf(c.Pos(), "%s needs a reason: write why %s may hold what is borrowed", directive, name.Name)
			}
			if object := m.pass.TypesInfo.Defs[name]; object != nil {
				m.objects[object] = true
				m.pass.ExportObjectFact(object, &Lends{Reason: why})
			}
		}
	}
}

func (m *marks) field(taken map[*ast.Comment]bool, f *ast.Field) {
	names := f.Names
	if len(names) == 0 {
		names = []*ast.Ident{embeddedName(f.Type)}
	}
	for i, name := range names {
		if name == nil {
			continue
		}
		seen := taken
		if i < len(names)-1 { // a mark on "a, b []byte" is for both
			seen = make(map[*ast.Comment]bool)
		}
		m.declared(seen, name, f.Doc, f.Comment)
	}
}

// embeddedName is the identifier that names an embedded field.
func embeddedName(t ast.Expr) *ast.Ident {
	switch t := t.(type) {
	case *ast.Ident:
		return t
	case *ast.StarExpr:
		return embeddedName(t.X)
	case *ast.SelectorExpr:
		return t.Sel
	case *ast.IndexExpr:
		return embeddedName(t.X)
	case *ast.IndexListExpr:
		return embeddedName(t.X)
	}
	return nil
}

// lends reports whether a type, field or function carries the mark, here or where it is declared.
func (m *marks) lends(object types.Object) bool {
	switch o := object.(type) {
	case nil:
		return false
	case *types.Func:
		object = o.Origin()
	case *types.Var:
		object = o.Origin()
	}
	if m.objects[object] {
		return true
	}
	return object.Pkg() != nil && object.Pkg() != m.pass.Pkg && m.pass.ImportObjectFact(object, new(Lends))
}

// excused reports whether a mark on this line or the one above takes the blame.
func (m *marks) excused(pos token.Pos) bool {
	at := m.pass.Fset.Position(pos)
	for _, n := range []int{at.Line, at.Line - 1} {
		if mark := m.lines[line{at.Filename, n}]; mark != nil {
			mark.used = true
			return true
		}
	}
	return false
}

// complain reports marks that stand beside nothing, or give no reason.
func (m *marks) complain() {
	for _, file := range m.pass.Files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				at := m.pass.Fset.Position(c.Pos())
				mark := m.lines[line{at.Filename, at.Line}]
				if mark == nil || mark.pos != c.Pos() {
					continue
				}
				if why, _ := reason(c); why == "" {
					m.pass.Reportf(c.Pos(), "%s needs a reason: write who sees to it that nothing borrowed outlives its turn", directive)
				} else if !mark.used {
					m.pass.Reportf(c.Pos(), "%s excuses nothing on this line or the next: remove it", directive)
				}
			}
		}
	}
}
