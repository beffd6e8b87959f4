package borrowcheck

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// place is where a store goes.
type place struct {
	made  ssa.Value // what the function made itself, or nil
	field int       // of made, or whole
	reach origin    // what of the world outside the function it is a part of
	name  string    // for words
}

// places finds what a store through v changes. Places that may hold what is borrowed are left out.
func (f *flow) places(v ssa.Value, do func(place)) {
	f.walk(v, place{field: whole}, make(map[ssa.Value]bool), do)
}

func (f *flow) walk(v ssa.Value, p place, seen map[ssa.Value]bool, do func(place)) {
	if seen[v] {
		return
	}
	seen[v] = true
	switch v := v.(type) {
	case *ssa.FieldAddr:
		f.inField(v.X, v.Field, p, seen, do)
	case *ssa.Field:
		f.inField(v.X, v.Field, p, seen, do)
	case *ssa.Phi:
		for _, e := range v.Edges {
			f.walk(e, p, seen, do)
		}
	case *ssa.UnOp:
		if v.Op == token.MUL && !f.lender(v.Type()) {
			p.reach |= f.of(v) & (params | global)
			p.field = whole
			f.walk(v.X, p, seen, do)
		}
	case *ssa.Lookup:
		if f.lender(v.Type()) {
			return
		}
		p.reach |= f.of(v) & (params | global)
		f.walk(v.X, p, seen, do)
	case *ssa.Extract:
		if f.lender(v.Type()) {
			return
		}
		if call, ok := v.Tuple.(*ssa.Call); ok {
			p.made, p.reach = call, p.reach|f.of(v)&(params|global)
			f.arrive(p, do)
			return
		}
		f.walk(v.Tuple, p, seen, do)
	case *ssa.TypeAssert:
		f.walk(v.X, p, seen, do)
	case *ssa.Convert:
		f.walk(v.X, p, seen, do)
	case *ssa.MakeClosure: // a method value: a store by the method goes into its receiver
		for _, b := range v.Bindings {
			f.walk(b, p, seen, do)
		}
	case *ssa.FreeVar:
		if b := f.bound[v]; b != nil {
			f.walk(b, p, seen, do)
		}
	case *ssa.Parameter:
		f.atParam(v, p, do)
	case *ssa.Global:
		p.reach |= global
		if p.name == "" {
			p.name = "variable " + v.Name()
		}
		f.arrive(p, do)
	case *ssa.Call:
		if f.lender(v.Type()) {
			return
		}
		p.made = v
		if b, ok := v.Call.Value.(*ssa.Builtin); ok && b.Name() == "append" {
			f.arrive(p, do)
			f.walk(v.Call.Args[0], p, seen, do)
			return
		}
		if fn := v.Call.StaticCallee(); fn == nil || !fresh(fn) {
			p.reach |= f.of(v) & (params | global)
		}
		f.arrive(p, do)
	default:
		if x := operand(v); x != nil {
			f.walk(x, p, seen, do)
			return
		}
		p.made = v
		f.arrive(p, do)
	}
}

// inField goes on from a field to its struct.
func (f *flow) inField(x ssa.Value, field int, p place, seen map[ssa.Value]bool, do func(place)) {
	t := x.Type().Underlying()
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	object := s.Field(field)
	if f.marks.lends(object) {
		return
	}
	if p.name == "" {
		p.name = "field " + object.Name()
		if n, ok := types.Unalias(t).(*types.Named); ok {
			p.name += " of " + n.Obj().Name()
		}
	}
	p.field = field
	f.walk(x, p, seen, do)
}

func (f *flow) atParam(v *ssa.Parameter, p place, do func(place)) {
	if f.lender(v.Type()) {
		return
	}
	p.field = whole
	p.reach |= f.of(v) & (params | global)
	if v.Parent() != f.fn {
		p.reach |= global // of a function literal: whose it is, is not known
	}
	if p.name == "" {
		p.name = "what " + v.Name() + " points to"
	}
	f.arrive(p, do)
}

func (f *flow) arrive(p place, do func(place)) {
	p.reach &^= f.lent
	do(p)
}

// store puts src where dst points. how is empty for a plain store.
func (f *flow) store(dst, src ssa.Value, pos token.Pos, how string) {
	o := f.of(src)
	if o == 0 {
		return
	}
	f.places(dst, func(p place) {
		if p.reach == 0 {
			f.put(p, o, src)
			return
		}
		if o&borrowed != 0 {
			what := how
			if what == "" {
				what = "is stored in " + p.what()
			}
			f.escape(pos, src, what)
		}
		given := o & params &^ f.lent
		if p.reach&global != 0 && f.effect.keep(given) {
			f.news = true
		}
		p.reach.each(func(i int) {
			if f.effect.into(i, given&^param(i)) {
				f.news = true
			}
		})
	})
}

// what is the name of the place.
func (p *place) what() string {
	if p.name != "" {
		return p.name
	}
	return "something that the function did not make"
}

// put notes what a thing that the function made holds from now on.
func (f *flow) put(p place, o origin, src ssa.Value) {
	if p.made == nil {
		return
	}
	f.note(p.made, src)
	if made := f.made(p.made); made != nil {
		f.pour(f.stray, cell{made, p.field}, o)
		f.fill(cell{made, p.field}, o)
		return
	}
	f.set(p.made, o)
	for i := range f.results[p.made] {
		f.result(p.made, i, o)
	}
}

// fill adds o to all that a cell ever holds.
func (f *flow) fill(c cell, o origin) {
	if c.field == whole {
		f.set(c.made, o)
		return
	}
	f.pour(f.cells, c, o)
}

func (f *flow) pour(into map[cell]origin, c cell, o origin) {
	if into[c]|o != into[c] {
		into[c] |= o
		f.news = true
	}
}

// keep is for what outlives the function for certain.
func (f *flow) keep(src ssa.Value, pos token.Pos, what string) {
	o := f.of(src)
	if o&borrowed != 0 {
		f.escape(pos, src, what)
	}
	if f.effect.keep(o & params &^ f.lent) {
		f.news = true
	}
}

// launch takes what a new goroutine is given.
func (f *flow) launch(g *ssa.Go) {
	common := g.Common()
	for _, v := range append([]ssa.Value{common.Value}, common.Args...) {
		what := "is given to a goroutine"
		if _, ok := v.(*ssa.MakeClosure); ok {
			what = "is captured by a goroutine"
		}
		f.keep(v, g.Pos(), what)
	}
}
