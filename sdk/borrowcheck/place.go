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
	w := walk{flow: f, seen: make(map[ssa.Value]bool), do: do}
	w.from(v, place{field: whole})
}

// walk goes from an address back to what it is a part of.
type walk struct {
	*flow

	seen map[ssa.Value]bool
	do   func(place)
}

func (w *walk) from(v ssa.Value, p place) {
	if w.seen[v] {
		return
	}
	w.seen[v] = true
	switch v := v.(type) {
	case *ssa.FieldAddr:
		w.field(v.X, v.Field, p)
	case *ssa.Field:
		w.field(v.X, v.Field, p)
	case *ssa.Phi:
		for _, e := range v.Edges {
			w.from(e, p)
		}
	case *ssa.MakeClosure: // a method value: a store by the method goes into its receiver
		for _, b := range v.Bindings {
			w.from(b, p)
		}
	case *ssa.UnOp, *ssa.Lookup:
		w.loaded(v, operand(v), p)
	case *ssa.Extract:
		if call, ok := v.Tuple.(*ssa.Call); ok {
			w.returned(v, call, p)
			return
		}
		w.from(v.Tuple, p)
	case *ssa.Call:
		w.returned(v, v, p)
	case *ssa.FreeVar:
		if b := w.bound[v]; b != nil {
			w.from(b, p)
		}
	case *ssa.Parameter:
		w.param(v, p)
	case *ssa.Global:
		p.reach |= global
		w.arrive(p, "variable "+v.Name())
	default:
		if x := operand(v); x != nil {
			w.from(x, p)
			return
		}
		p.made = v
		w.arrive(p, "")
	}
}

// field goes on from a field to its struct.
func (w *walk) field(x ssa.Value, field int, p place) {
	t := x.Type().Underlying()
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok || w.marks.lends(s.Field(field)) {
		return
	}
	if p.name == "" {
		p.name = "field " + s.Field(field).Name()
		if n, ok := types.Unalias(t).(*types.Named); ok {
			p.name += " of " + n.Obj().Name()
		}
	}
	p.field = field
	w.from(x, p)
}

// loaded goes on from v, which was read from x: what v points to may be a part of all that v may reach.
func (w *walk) loaded(v, x ssa.Value, p place) {
	if w.lender(v.Type()) {
		return
	}
	p.reach |= w.of(v) & (params | global)
	p.field = whole
	w.from(x, p)
}

// returned is at v, a result of a call: new, or a part of an argument.
func (w *walk) returned(v ssa.Value, call *ssa.Call, p place) {
	if w.lender(v.Type()) {
		return
	}
	p.made = call
	if b, ok := call.Call.Value.(*ssa.Builtin); ok && b.Name() == "append" { // into a new array or that of its argument
		w.arrive(p, "")
		w.from(call.Call.Args[0], p)
		return
	}
	if fn := call.Call.StaticCallee(); fn == nil || !fresh(fn) {
		p.reach |= w.of(v) & (params | global)
	}
	w.arrive(p, "")
}

func (w *walk) param(v *ssa.Parameter, p place) {
	if w.lender(v.Type()) {
		return
	}
	p.field = whole
	p.reach |= w.of(v) & (params | global)
	if v.Parent() != w.fn {
		p.reach |= global // of a function literal: whose it is, is not known
	}
	w.arrive(p, "what "+v.Name()+" points to")
}

func (w *walk) arrive(p place, name string) {
	if p.name == "" {
		p.name = name
	}
	p.reach &^= w.lent
	w.do(p)
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
