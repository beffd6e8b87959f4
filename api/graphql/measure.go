package graphql

import "github.com/vektah/gqlparser/v2/ast"

// cost is what an operation asks for, with every fragment in the place of its spreads.
type cost struct {
	fields  int
	aliases int // fields under another name, and fields that are asked for again: validation compares each with each
	depth   int
	schema  bool // it reads the schema
}

// most bounds sums: fragments of fragments grow exponentially.
const most = 1 << 40

func (c *cost) add(o cost) {
	c.fields = min(most, c.fields+o.fields)
	c.aliases = min(most, c.aliases+o.aliases)
	c.depth = max(c.depth, o.depth)
	c.schema = c.schema || o.schema
}

// measurer knows the cost of each fragment once it has seen it, so that a document takes as long as it is, not as long as what
// it asks for. The document is not yet valid: a fragment in itself counts nothing there, and is refused later.
type measurer struct {
	fragments map[string]*ast.FragmentDefinition
	known     map[string]cost
}

// measure is the most that any operation of a document costs.
func measure(doc *ast.QueryDocument) (worst cost) {
	m := measurer{fragments: map[string]*ast.FragmentDefinition{}, known: map[string]cost{}}
	for _, f := range doc.Fragments {
		m.fragments[f.Name] = f
	}
	for _, op := range doc.Operations {
		c := m.set(op.SelectionSet)
		worst.fields, worst.aliases = max(worst.fields, c.fields), max(worst.aliases, c.aliases)
		worst.depth, worst.schema = max(worst.depth, c.depth), worst.schema || c.schema
	}
	return worst
}

func (m *measurer) set(set ast.SelectionSet) cost { return m.part(set, map[string]bool{}) }

// part measures a set, or a fragment in its place; seen are the names that the set has answers under.
func (m *measurer) part(set ast.SelectionSet, seen map[string]bool) (sum cost) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			c := m.set(s.SelectionSet)
			c.fields = min(most, c.fields+1)
			c.depth++
			if s.Alias != s.Name || seen[s.Alias] {
				c.aliases = min(most, c.aliases+1)
			}
			seen[s.Alias] = true
			c.schema = c.schema || s.Name == "__schema" || s.Name == "__type"
			sum.add(c)
		case *ast.InlineFragment:
			sum.add(m.part(s.SelectionSet, seen))
		case *ast.FragmentSpread:
			sum.add(m.fragment(s.Name))
		}
	}
	return sum
}

func (m *measurer) fragment(name string) cost {
	if c, ok := m.known[name]; ok {
		return c
	}
	m.known[name] = cost{} // while it is measured
	if f, ok := m.fragments[name]; ok {
		m.known[name] = m.set(f.SelectionSet)
	}
	return m.known[name]
}
