package borrowcheck

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// flow follows values through one declared function and the function literals in it. It knows no order of statements:
// what a variable may hold anywhere, it may hold everywhere. Sets only grow, so a run can be repeated until nothing is
// new.
type flow struct {
	*checker
	notes

	fn      *ssa.Function
	effect  *Effect
	free    bool   // it may return what is borrowed: it is marked, or is a method of a lender
	lent    origin // its parameters that are lenders: what it does with them is reported here, not to its callers
	tree    []*ssa.Function
	inside  map[*ssa.Function]bool
	bound   map[*ssa.FreeVar]ssa.Value
	at      token.Pos // of the last instruction that has one
	news    bool
	telling bool // the last run: report
}

// notes are what a flow knows of values; they only grow.
type notes struct {
	got     map[ssa.Value]origin
	cells   map[cell]origin
	stray   map[cell]origin            // what came into a cell other than by a plain store: see variable.go
	results map[ssa.Value][]origin     // of calls
	returns map[*ssa.Function][]origin // of function literals
	source  map[ssa.Value]ssa.Value    // where what is borrowed in it came from, for words
}

// cell is one field of a variable of the function; whole is the field of all of it.
type cell struct {
	made  ssa.Value
	field int
}

const whole = -1

func newFlow(c *checker, fn *ssa.Function, effect *Effect) *flow {
	f := &flow{
		checker: c, fn: fn, effect: effect, inside: make(map[*ssa.Function]bool), bound: make(map[*ssa.FreeVar]ssa.Value),
		notes: notes{
			got: make(map[ssa.Value]origin), cells: make(map[cell]origin), stray: make(map[cell]origin),
			results: make(map[ssa.Value][]origin), returns: make(map[*ssa.Function][]origin), source: make(map[ssa.Value]ssa.Value),
		},
	}
	f.grow(fn)
	return f
}

// prepare looks at the declaration, once all that the package says of its functions is known.
func (f *flow) prepare() {
	f.free = f.given[f.fn]
	if object, ok := f.fn.Object().(*types.Func); ok {
		recv := object.Signature().Recv()
		f.free = f.free || f.marks.lends(object) || recv != nil && f.lender(recv.Type())
	}
	for i, p := range f.fn.Params {
		if f.isLent(p) {
			f.lent |= param(i)
		}
	}
}

// isLent reports whether a parameter is borrowed by what it is.
func (f *flow) isLent(p *ssa.Parameter) bool {
	return f.lenders(p.Type()) || f.given[p.Parent()] && f.holds(p.Type()) && (p.Parent().Signature.Recv() == nil || index(p) > 0)
}

// grow collects the function literals and where their free variables come from.
func (f *flow) grow(fn *ssa.Function) {
	f.tree, f.inside[fn] = append(f.tree, fn), true
	for _, b := range fn.Blocks {
		for _, i := range b.Instrs {
			if m, ok := i.(*ssa.MakeClosure); ok {
				for k, v := range m.Fn.(*ssa.Function).FreeVars {
					f.bound[v] = m.Bindings[k]
				}
			}
			f.mention(i)
		}
	}
	for _, a := range fn.AnonFuncs {
		f.grow(a)
	}
}

// mention notes the functions that an instruction uses as values, and those that become values of a marked type.
func (f *flow) mention(i ssa.Instruction) {
	if c, ok := i.(*ssa.ChangeType); ok {
		if n, ok := types.Unalias(c.Type()).(*types.Named); ok && f.marks.lends(n.Origin().Obj()) {
			f.give(c.X)
		}
	}
	var called ssa.Value
	if call, ok := i.(ssa.CallInstruction); ok {
		called = call.Common().Value
	}
	for _, v := range i.Operands(nil) {
		if fn, ok := (*v).(*ssa.Function); ok && fn != called {
			if object, ok := fn.Object().(*types.Func); ok {
				f.values[object] = true
			}
		}
	}
}

func (f *flow) give(v ssa.Value) {
	fn := asLiteral(v)
	if fn == nil {
		return
	}
	if object, ok := fn.Object().(*types.Func); ok { // a method value is a wrapper
		fn = fn.Prog.FuncValue(originOf(object))
	}
	if fn != nil {
		f.given[fn] = true
	}
}

// run follows everything until nothing is new; true if something was.
func (f *flow) run() (changed bool) {
	for {
		f.news = false
		for _, fn := range f.tree {
			for _, b := range fn.Blocks {
				for _, i := range b.Instrs {
					f.step(i)
				}
			}
		}
		if !f.news {
			return changed
		}
		changed = true
	}
}

// step takes one instruction.
func (f *flow) step(i ssa.Instruction) {
	if i.Pos().IsValid() {
		f.at = i.Pos()
	}
	switch i := i.(type) {
	case *ssa.Phi:
		for _, e := range i.Edges {
			f.carry(i, e)
		}
	case *ssa.UnOp:
		if o, ok := f.load(i); ok {
			if o != 0 && f.fits(i.Type(), i.X) {
				f.note(i, i.X)
				f.set(i, o)
			}
			return
		}
		f.carry(i, i.X)
		if i.Op == token.ARROW || i.Op == token.MUL && !f.local(i.X) {
			f.found(i)
		}
	case *ssa.Convert:
		f.convert(i)
	case *ssa.Lookup, *ssa.TypeAssert:
		v := i.(ssa.Value)
		f.carry(v, operand(v))
		f.found(v)
	case *ssa.Extract:
		f.extract(i)
	case *ssa.MakeClosure:
		for _, b := range i.Bindings {
			f.carry(i, b)
		}
	case *ssa.Store:
		f.plain(i)
	case *ssa.MapUpdate:
		f.store(i.Map, i.Key, i.Pos(), "")
		f.store(i.Map, i.Value, i.Pos(), "")
	case *ssa.Send:
		f.keep(i.X, i.Pos(), "is sent to a channel")
	case *ssa.Select:
		for _, s := range i.States {
			if s.Dir == types.SendOnly {
				f.keep(s.Send, s.Pos, "is sent to a channel")
			} else {
				f.carry(i, s.Chan)
			}
		}
	case *ssa.Go:
		f.launch(i)
	case ssa.CallInstruction:
		f.call(i)
	case *ssa.Return:
		f.ret(i)
	case ssa.Value:
		if x := operand(i); x != nil {
			f.carry(i, x)
		}
	}
}

// operand is what a value is a part of, or another form of.
func operand(v ssa.Value) ssa.Value {
	switch v := v.(type) {
	case *ssa.ChangeType:
		return v.X
	case *ssa.MultiConvert:
		return v.X
	case *ssa.ChangeInterface:
		return v.X
	case *ssa.MakeInterface:
		return v.X
	case *ssa.SliceToArrayPointer:
		return v.X
	case *ssa.Slice:
		return v.X
	case *ssa.FieldAddr:
		return v.X
	case *ssa.Field:
		return v.X
	case *ssa.IndexAddr:
		return v.X
	case *ssa.Index:
		return v.X
	case *ssa.Range:
		return v.X
	case *ssa.Next:
		return v.Iter
	case *ssa.UnOp:
		return v.X
	case *ssa.Lookup:
		return v.X
	case *ssa.TypeAssert:
		return v.X
	}
	return nil
}

// of is what v may reach.
func (f *flow) of(v ssa.Value) origin {
	switch v := v.(type) {
	case *ssa.Global:
		return global
	case *ssa.FreeVar:
		if b := f.bound[v]; b != nil {
			return f.of(b)
		}
	case *ssa.Parameter:
		o := f.got[v]
		if v.Parent() == f.fn {
			o |= param(index(v))
		}
		if f.isLent(v) {
			o |= borrowed
		}
		return o
	case *ssa.FieldAddr:
		if made := f.made(v.X); made != nil && f.holds(v.Type()) {
			return f.got[made] | f.cells[cell{made, v.Field}]
		}
	case *ssa.Alloc:
		o := f.got[v]
		if s, ok := v.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct); ok {
			for i := range s.NumFields() {
				o |= f.cells[cell{v, i}]
			}
		}
		return o
	}
	return f.got[v]
}

// made is the variable or composite literal that v is the address of, if the function made it.
func (f *flow) made(v ssa.Value) ssa.Value {
	switch v := v.(type) {
	case *ssa.Alloc:
		return v
	case *ssa.FreeVar:
		if b := f.bound[v]; b != nil {
			return f.made(b)
		}
	}
	return nil
}

// local reports whether an address is inside a variable of the function.
func (f *flow) local(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.FieldAddr:
		return f.local(v.X)
	case *ssa.IndexAddr:
		return f.local(v.X)
	}
	return f.made(v) != nil
}

func index(p *ssa.Parameter) int {
	for i, q := range p.Parent().Params {
		if p == q {
			return i
		}
	}
	return maxParams
}

// set adds o to what v may reach.
func (f *flow) set(v ssa.Value, o origin) {
	if o &^= f.got[v]; o != 0 {
		f.got[v] |= o
		f.news = true
	}
}

// carry adds to v what x may reach, if v can hold it.
func (f *flow) carry(v, x ssa.Value) {
	if o := f.of(x); o != 0 && f.fits(v.Type(), x) {
		f.note(v, x)
		f.set(v, o)
	}
}

// note remembers where what is borrowed in v came from.
func (f *flow) note(v, x ssa.Value) {
	if f.source[v] == nil && f.of(x)&borrowed != 0 {
		f.source[v] = x
	}
}

// fits reports whether a value of type t can share memory with x.
func (f *flow) fits(t types.Type, x ssa.Value) bool {
	if f.holds(t) || isUnsafe(x) {
		return true
	}
	if !isString(t) {
		return false
	}
	from := x.Type()
	if made := f.made(x); made != nil { // the load of a variable
		from = made.Type().Underlying().(*types.Pointer).Elem()
	}
	return isString(from)
}

// convert takes a conversion. Between strings and bytes it copies; out of package unsafe anything may come.
func (f *flow) convert(c *ssa.Convert) {
	switch {
	case isUnsafe(c):
		f.note(c, c.X)
		f.set(c, f.of(c.X))
	case isString(c.X.Type()) == isString(c.Type()):
		f.carry(c, c.X)
	}
}

// isUnsafe reports whether v is a pointer made from an unsafe.Pointer.
func isUnsafe(v ssa.Value) bool {
	c, ok := v.(*ssa.Convert)
	if !ok {
		return false
	}
	b, ok := c.X.Type().Underlying().(*types.Basic)
	return ok && b.Kind() == types.UnsafePointer
}

// found marks a lender that came out of a place whose content is not known.
func (f *flow) found(v ssa.Value) {
	if f.lenders(v.Type()) {
		f.set(v, borrowed)
	}
}

// extract takes one of several results.
func (f *flow) extract(e *ssa.Extract) {
	if _, ok := e.Tuple.(*ssa.Call); !ok {
		f.carry(e, e.Tuple)
		f.found(e)
		return
	}
	if r := f.results[e.Tuple]; e.Index < len(r) {
		f.set(e, r[e.Index])
	}
}

// ret takes what a function returns.
func (f *flow) ret(r *ssa.Return) {
	fn := r.Parent()
	for i, v := range r.Results {
		o := f.of(v)
		if fn != f.fn {
			f.answer(fn, i, o)
			continue
		}
		if o&borrowed != 0 && !f.free && r.Block() != fn.Recover {
			f.escape(r.Pos(), v, "is returned by "+fn.Name())
		}
		if f.effect.result(i, o&^borrowed) { // what is borrowed whatever the arguments were is known by the mark, see lend
			f.news = true
		}
	}
}

// answer notes what a function literal returns.
func (f *flow) answer(fn *ssa.Function, i int, o origin) {
	list := f.returns[fn]
	if raise(&list, i, o) {
		f.news = true
	}
	f.returns[fn] = list
}
