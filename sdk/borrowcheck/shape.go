package borrowcheck

import (
	"go/types"
)

// shapes answers questions about types.
type shapes struct {
	marks *marks
	held  map[types.Type]bool
}

// lender reports whether t, or what it points to, is a type that carries the mark: its values are borrowed. A marked type
// of functions is none: what such functions are given is borrowed, see flow.mention.
func (s *shapes) lender(t types.Type) bool {
	for {
		switch u := types.Unalias(t).(type) {
		case *types.Pointer:
			t = u.Elem()
		case *types.Named:
			_, function := u.Underlying().(*types.Signature)
			return !function && s.marks.lends(u.Origin().Obj())
		default:
			return false
		}
	}
}

// lenders reports whether t is a lender or a collection of them.
func (s *shapes) lenders(t types.Type) bool {
	for {
		if s.lender(t) {
			return true
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			t = u.Elem()
		case *types.Slice:
			t = u.Elem()
		case *types.Array:
			t = u.Elem()
		case *types.Chan:
			t = u.Elem()
		case *types.Map:
			t = u.Elem()
		default:
			return false
		}
		if _, named := types.Unalias(t).(*types.Named); named {
			return s.lender(t)
		}
	}
}

// holds reports whether a value of type t can reach borrowed bytes. Numbers, texts, times and structs of such can't: to
// make one is to copy. (A string made by unsafe.String can; flow.carry knows.)
func (s *shapes) holds(t types.Type) bool {
	if known, ok := s.held[t]; ok {
		return known // false while t is being looked at: a type that only holds itself holds nothing
	}
	s.held[t] = false
	s.held[t] = s.look(t)
	return s.held[t]
}

func (s *shapes) look(t types.Type) bool {
	if s.lender(t) {
		return true
	}
	switch u := types.Unalias(t).(type) {
	case *types.TypeParam:
		return true
	case *types.Named:
		return s.holds(u.Underlying())
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	case *types.Pointer:
		return isBytes(u.Elem()) || s.holds(u.Elem())
	case *types.Slice:
		return isByte(u.Elem()) || s.holds(u.Elem())
	case *types.Array:
		return s.holds(u.Elem())
	case *types.Chan:
		return s.holds(u.Elem())
	case *types.Map:
		return s.holds(u.Key()) || s.holds(u.Elem())
	case *types.Struct:
		for field := range u.Fields() {
			if s.holds(field.Type()) {
				return true
			}
		}
		return false
	case *types.Tuple:
		for part := range u.Variables() {
			if s.holds(part.Type()) {
				return true
			}
		}
		return false
	}
	return true // an interface, a function
}

func isByte(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && (b.Kind() == types.Uint8 || b.Kind() == types.Int8)
}

// isBytes reports whether t is a byte or an array of bytes, which is borrowed only behind a pointer.
func isBytes(t types.Type) bool {
	if a, ok := t.Underlying().(*types.Array); ok {
		return isBytes(a.Elem())
	}
	return isByte(t)
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }
