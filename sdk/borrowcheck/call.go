package borrowcheck

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// call takes a call or a deferred call.
func (f *flow) call(i ssa.CallInstruction) {
	common := i.Common()
	if b, ok := common.Value.(*ssa.Builtin); ok {
		f.builtin(i, b)
		return
	}
	callee := common.StaticCallee()
	if callee != nil && f.inside[callee] {
		f.literal(i, callee)
		return
	}
	args, effect, name := common.Args, (*Effect)(nil), "a function value"
	switch {
	case common.IsInvoke():
		args = append([]ssa.Value{common.Value}, args...)
		effect, name = f.invoked(common.Value.Type(), common.Method), common.Method.Name()
	case callee != nil:
		if m, ok := common.Value.(*ssa.MakeClosure); ok { // a method value, called
			args = append(m.Bindings[:len(m.Bindings):len(m.Bindings)], args...)
		}
		effect, name = f.effectOf(callee, args), callee.Name()
	default:
		args = append([]ssa.Value{common.Value}, args...)
		effect = f.dynamic(common.Signature())
		for _, fn := range f.tree { // it may be any function literal of this type
			if fn != f.fn && types.Identical(plain(fn.Signature), plain(common.Signature())) {
				f.literal(i, fn)
			}
		}
	}
	f.feed(args)
	f.apply(i, effect, args, name)
	if callee != nil && isNamed(callee, pooling) && f.of(args[1])&borrowed != 0 {
		f.escape(i.Pos(), args[1], "is put into a pool")
	}
	if callee != nil && f.marks.lends(callee.Object()) {
		f.lend(i, callee, args)
	}
}

// literal binds the parameters and results of a function literal.
func (f *flow) literal(i ssa.CallInstruction, callee *ssa.Function) {
	for k, p := range callee.Params {
		if k < len(i.Common().Args) {
			f.carry(p, i.Common().Args[k])
		}
	}
	if v := i.Value(); v != nil {
		for k, o := range f.returns[callee] {
			f.result(v, k, o)
		}
	}
}

// feed gives the parameters of function literals that are arguments all that they may be called with: the other
// arguments and what is behind them.
func (f *flow) feed(args []ssa.Value) {
	for k, a := range args {
		fn := asLiteral(a)
		if fn == nil || !f.inside[fn] || fn == f.fn {
			continue
		}
		for j, other := range args {
			if j == k {
				continue
			}
			for _, p := range fn.Params {
				f.carry(p, other)
			}
		}
	}
}

func asLiteral(v ssa.Value) *ssa.Function {
	switch v := v.(type) {
	case *ssa.Function:
		return v
	case *ssa.MakeClosure:
		return v.Fn.(*ssa.Function)
	case *ssa.ChangeType:
		return asLiteral(v.X)
	case *ssa.MakeInterface:
		return asLiteral(v.X)
	}
	return nil
}

// apply does to the arguments what the function is known to do.
func (f *flow) apply(i ssa.CallInstruction, e *Effect, args []ssa.Value, name string) {
	at := func(k int, do func(v ssa.Value)) {
		if k < len(args) {
			do(args[k])
		}
		if k == maxParams-1 { // the bit that the last ones share
			for _, v := range args[min(maxParams, len(args)):] {
				do(v)
			}
		}
	}
	e.Keeps.each(func(k int) {
		at(k, func(v ssa.Value) { f.keep(v, i.Pos(), "is passed to "+name+", which keeps it") })
	})
	for j, from := range e.Into {
		from.each(func(k int) {
			at(k, func(v ssa.Value) {
				at(j, func(dst ssa.Value) { f.store(dst, v, i.Pos(), "is passed to "+name+", which stores it") })
			})
		})
	}
	v := i.Value()
	if v == nil {
		return
	}
	for k, r := range e.Results {
		r.each(func(n int) {
			at(n, func(a ssa.Value) {
				if o := f.of(a); o != 0 && f.fits(resultType(v, k), a) {
					f.result(v, k, o)
				}
			})
		})
		if r&(borrowed|global) != 0 && f.holds(resultType(v, k)) {
			f.result(v, k, r&(borrowed|global))
		}
	}
}

// lend is the effect of the mark on a function: its results are borrowed, and so is what it fills.
func (f *flow) lend(i ssa.CallInstruction, callee *ssa.Function, args []ssa.Value) {
	if v := i.Value(); v != nil {
		results := callee.Signature.Results()
		for k := range results.Len() {
			if t := results.At(k).Type(); f.holds(t) && !isError(t) {
				f.result(v, k, borrowed)
			}
		}
	}
	for _, a := range args {
		if _, ok := a.Type().Underlying().(*types.Pointer); ok && f.lender(a.Type()) {
			f.places(a, func(p place) {
				if p.reach == 0 {
					f.put(p, borrowed, a)
				}
			})
		}
	}
}

// result notes what result k of a call may reach.
func (f *flow) result(v ssa.Value, k int, o origin) {
	if _, ok := v.Type().(*types.Tuple); !ok {
		f.set(v, o)
		return
	}
	list := f.results[v]
	if raise(&list, k, o) {
		f.news = true
	}
	f.results[v] = list
}

func resultType(v ssa.Value, k int) types.Type {
	if t, ok := v.Type().(*types.Tuple); ok {
		if k < t.Len() {
			return t.At(k).Type()
		}
		return types.Typ[types.Invalid]
	}
	return v.Type()
}

// builtin takes append, copy and the conversions of package unsafe.
func (f *flow) builtin(i ssa.CallInstruction, b *ssa.Builtin) {
	args, v := i.Common().Args, i.Value()
	switch b.Name() {
	case "append":
		if v != nil {
			f.carry(v, args[0])
		}
		if len(args) > 1 && f.deep(args[0].Type()) {
			f.store(args[0], args[1], i.Pos(), "")
			if v != nil {
				f.carry(v, args[1])
			}
		}
	case "copy":
		if f.deep(args[0].Type()) {
			f.store(args[0], args[1], i.Pos(), "")
		}
	case "String": // of package unsafe: the one string that is no copy
		if v != nil {
			f.note(v, args[0])
			f.set(v, f.of(args[0]))
		}
	case "Add", "Slice", "SliceData", "StringData", "ssa:wrapnilchk":
		if v != nil {
			f.carry(v, args[0])
		}
	}
}
