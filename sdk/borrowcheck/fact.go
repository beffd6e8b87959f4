package borrowcheck

import (
	"fmt"
	"go/types"
)

// Lends is a fact about a type, a field or a function that carries the mark //pelton:lends.
type Lends struct{ Reason string }

// AFact makes Lends an analysis.Fact.
func (*Lends) AFact() {}

func (f *Lends) String() string { return "lends: " + f.Reason }

// Checked is a fact about a package: its functions have their facts. The standard library has none, see stdlib.
type Checked struct{}

// AFact makes Checked an analysis.Fact.
func (*Checked) AFact() {}

func (*Checked) String() string { return "checked" }

// Effect is a fact about a function: what becomes of what it is given. Parameters are counted from 0, the receiver
// first.
type Effect struct {
	Results []origin // of each result: the parameters that it may reach
	Keeps   origin   // parameters that outlive the call: in a variable of the package, a channel or a goroutine
	Into    []origin // of each parameter: those that are stored in what it points to
}

// AFact makes Effect an analysis.Fact.
func (*Effect) AFact() {}

func (e *Effect) String() string {
	return fmt.Sprintf("results %v, keeps %v, into %v", e.Results, e.Keeps, e.Into)
}

// quiet reports whether there is nothing to tell.
func (e *Effect) quiet() bool {
	for _, o := range e.Results {
		if o != 0 {
			return false
		}
	}
	return e.Keeps == 0 && len(e.Into) == 0 // never only zeros, see into
}

func (e *Effect) result(i int, o origin) (news bool) { return raise(&e.Results, i, o) }

func (e *Effect) into(i int, from origin) (news bool) { return from != 0 && raise(&e.Into, i, from) }

func (e *Effect) keep(o origin) (news bool) {
	news = e.Keeps|o != e.Keeps
	e.Keeps |= o
	return news
}

// raise adds o to entry i of a list that grows as needed; true if that is news.
func raise(list *[]origin, i int, o origin) bool {
	for len(*list) <= i {
		*list = append(*list, 0)
	}
	old := (*list)[i]
	(*list)[i] |= o
	return (*list)[i] != old
}

// origin is the set of places that a value may reach: parameters of the function, variables of a package, borrowed
// bytes.
type origin uint64

const (
	borrowed  origin = 1 << 63
	global    origin = 1 << 62
	maxParams        = 61
	params    origin = 1<<maxParams - 1
)

// param is the bit of a parameter; those after the 60th share one, which is safe: it only adds.
func param(i int) origin { return 1 << min(i, maxParams-1) }

// each calls do with the numbers of the parameters in o.
func (o origin) each(do func(i int)) {
	for i := range maxParams {
		if o&param(i) != 0 {
			do(i)
		}
	}
}

// originOf is the generic declaration of a function, whose facts hold for all of its instances.
func originOf(f *types.Func) *types.Func {
	if f == nil {
		return nil
	}
	return f.Origin()
}
