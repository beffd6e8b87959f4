package graphql

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// unreadable is the first number of a document that is out of range, which the parser takes and the executor can't read.
func unreadable(doc *ast.QueryDocument) *ast.Value {
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			if bad := badValue(v.DefaultValue); bad != nil {
				return bad
			}
			if bad := badDirectives(v.Directives); bad != nil {
				return bad
			}
		}
		if bad := badDirectives(op.Directives); bad != nil {
			return bad
		}
		if bad := badSet(op.SelectionSet); bad != nil {
			return bad
		}
	}
	for _, f := range doc.Fragments {
		if bad := badDirectives(f.Directives); bad != nil {
			return bad
		}
		if bad := badSet(f.SelectionSet); bad != nil {
			return bad
		}
	}
	return nil
}

func badSet(set ast.SelectionSet) (bad *ast.Value) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if bad = badArguments(s.Arguments); bad == nil {
				bad = badDirectives(s.Directives)
			}
			if bad == nil {
				bad = badSet(s.SelectionSet)
			}
		case *ast.InlineFragment:
			if bad = badDirectives(s.Directives); bad == nil {
				bad = badSet(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			bad = badDirectives(s.Directives)
		}
		if bad != nil {
			return bad
		}
	}
	return nil
}

func badDirectives(list ast.DirectiveList) *ast.Value {
	for _, d := range list {
		if bad := badArguments(d.Arguments); bad != nil {
			return bad
		}
	}
	return nil
}

func badArguments(list ast.ArgumentList) *ast.Value {
	for _, a := range list {
		if bad := badValue(a.Value); bad != nil {
			return bad
		}
	}
	return nil
}

func badValue(v *ast.Value) *ast.Value {
	if v == nil {
		return nil
	}
	if v.Kind == ast.IntValue || v.Kind == ast.FloatValue {
		if _, err := v.Value(nil); err != nil {
			return v
		}
	}
	for _, child := range v.Children {
		if bad := badValue(child.Value); bad != nil {
			return bad
		}
	}
	return nil
}
