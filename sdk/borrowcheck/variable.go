package borrowcheck

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// Plain stores to a variable, as a whole or by field, are followed in the order of the statements, so that this holds
// nothing borrowed any more:
//
//	value, _ := m.Field("origin")
//	value.Raw = bytes.Clone(value.Raw)
//
// What a function literal or a function that has its address stores in it (stray) may be there at any time.

// plain takes a store statement.
func (f *flow) plain(s *ssa.Store) {
	c, ok := slot(s.Addr)
	if !ok {
		f.store(s.Addr, s.Val, s.Pos(), "")
		return
	}
	if o := f.of(s.Val); o != 0 && !f.excluded(c) {
		f.note(c.made, s.Val)
		f.fill(c, o)
	}
}

// excluded reports whether the cell is a field that may hold what is borrowed, which its struct is not told of.
func (f *flow) excluded(c cell) bool {
	if c.field == whole {
		return false
	}
	s, ok := pointed(c.made).Underlying().(*types.Struct)
	return ok && f.marks.lends(s.Field(c.field))
}

// slot is the cell of a variable that an address is of.
func slot(addr ssa.Value) (cell, bool) {
	switch a := addr.(type) {
	case *ssa.Alloc:
		return cell{a, whole}, true
	case *ssa.FieldAddr:
		if made, ok := a.X.(*ssa.Alloc); ok {
			return cell{made, a.Field}, true
		}
	}
	return cell{}, false
}

func pointed(v ssa.Value) types.Type { return v.Type().Underlying().(*types.Pointer).Elem() }

// load is what a variable may hold where it is read; not ok when i is something else.
func (f *flow) load(i *ssa.UnOp) (o origin, ok bool) {
	c, ok := slot(i.X)
	if !ok || i.Parent() != c.made.Parent() {
		return 0, false
	}
	stores := storesTo(c.made)
	for k, stray := range f.stray {
		if k.made == c.made && (c.field == whole || k.field == whole || k.field == c.field) {
			o |= stray
		}
	}
	for _, s := range stores {
		to, _ := slot(s.Addr)
		if c.field != whole && to.field != whole && c.field != to.field {
			continue
		}
		if f.of(s.Val) != 0 && !f.excluded(to) && !f.overwritten(s, to, c, stores, i) {
			o |= f.of(s.Val)
		}
	}
	return o, true
}

// storesTo are the plain stores to a variable.
func storesTo(made ssa.Value) (stores []*ssa.Store) {
	for _, use := range *made.Referrers() {
		switch use := use.(type) {
		case *ssa.Store:
			if use.Addr == made {
				stores = append(stores, use)
			}
		case *ssa.FieldAddr:
			for _, use := range *use.Referrers() {
				if s, ok := use.(*ssa.Store); ok {
					if _, ok := slot(s.Addr); ok {
						stores = append(stores, s)
					}
				}
			}
		}
	}
	return stores
}

// overwritten reports whether nothing is left of what s stored where i reads cell c: every field of it, or all, is
// stored again on each way from s to i.
func (f *flow) overwritten(s *ssa.Store, to, c cell, stores []*ssa.Store, i ssa.Instruction) bool {
	over := make(map[int]bool)
	for _, later := range stores {
		if later != s && before(s, later) && before(later, i) {
			at, _ := slot(later.Addr)
			over[at.field] = true
		}
	}
	if over[whole] {
		return true
	}
	if to.field != whole {
		return over[to.field]
	}
	if c.field != whole {
		return over[c.field]
	}
	fields, ok := pointed(c.made).Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for k := range fields.NumFields() {
		if !over[k] && f.holds(fields.Field(k).Type()) {
			return false
		}
	}
	return true
}

// before reports whether a is run on every way to b.
func before(a, b ssa.Instruction) bool {
	if a.Block() != b.Block() {
		return a.Block().Dominates(b.Block())
	}
	for _, i := range a.Block().Instrs {
		switch i {
		case a:
			return true
		case b:
			return false
		}
	}
	return false
}
