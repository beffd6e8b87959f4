package borrowcheck

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// remedy ends every report.
const remedy = "it is valid only inside its turn: call Own(), or copy the bytes (bytes.Clone)"

// escape reports a borrowed value that outlives its turn, once a line.
func (f *flow) escape(pos token.Pos, v ssa.Value, what string) {
	if !f.telling {
		return
	}
	if !pos.IsValid() {
		pos = f.at
	}
	at := f.pass.Fset.Position(pos)
	if key := fmt.Sprintf("%s:%d", at.Filename, at.Line); !f.told[key] {
		f.told[key] = true
		if !f.marks.excused(pos) {
			f.pass.Reportf(pos, "borrowed %s %s; %s", clip(f.word(v, make(map[ssa.Value]bool))), what, remedy)
		}
	}
}

// word is what a report calls a value: the parameter, field or call that it came from.
func (f *flow) word(v ssa.Value, seen map[ssa.Value]bool) string {
	if seen[v] {
		return f.kind(v)
	}
	seen[v] = true
	if p, ok := v.(*ssa.Parameter); ok && f.isLent(p) {
		if p.Object().Name() == "" { // of a loop over a function
			return f.kind(v)
		}
		return p.Name()
	}
	if x := f.source[v]; x != nil {
		if _, ok := v.(*ssa.Call); !ok {
			return f.member(v, f.word(x, seen))
		}
	}
	switch v := v.(type) {
	case *ssa.Parameter, *ssa.Global:
		return v.Name()
	case *ssa.FreeVar:
		if b := f.bound[v]; b != nil {
			return f.word(b, seen)
		}
	case *ssa.Extract:
		return f.word(v.Tuple, seen)
	case *ssa.Call:
		return f.callWord(v, seen)
	}
	if x := operand(v); x != nil {
		return f.member(v, f.word(x, seen))
	}
	return f.kind(v)
}

// member adds the name of a field to the word of its struct.
func (f *flow) member(v ssa.Value, word string) string {
	var field *types.Var
	switch v := v.(type) {
	case *ssa.FieldAddr:
		field = pointed(v.X).Underlying().(*types.Struct).Field(v.Field)
	case *ssa.Field:
		field = v.X.Type().Underlying().(*types.Struct).Field(v.Field)
	case *ssa.IndexAddr, *ssa.Index, *ssa.Lookup:
		return word + "[…]"
	}
	if field == nil || field.Embedded() {
		return word
	}
	return word + "." + field.Name()
}

func (f *flow) callWord(v *ssa.Call, seen map[ssa.Value]bool) string {
	common := v.Common()
	args, name, method := common.Args, "", false
	switch callee := common.StaticCallee(); {
	case common.IsInvoke():
		args, name, method = append([]ssa.Value{common.Value}, args...), common.Method.Name(), true
	case callee != nil:
		name, method = callee.Name(), callee.Signature.Recv() != nil
	default:
		name = common.Value.Name() // a builtin, or a variable
	}
	if method {
		dots := ""
		if len(args) > 1 {
			dots = "…"
		}
		return f.word(args[0], seen) + "." + name + "(" + dots + ")"
	}
	for _, a := range args {
		if f.of(a)&borrowed != 0 {
			if name == "append" {
				return f.word(a, seen)
			}
			return name + "(" + f.word(a, seen) + ")"
		}
	}
	return name + "(…)"
}

// kind is the word for a value without a better one.
func (f *flow) kind(v ssa.Value) string {
	if a, ok := v.(*ssa.Alloc); ok && token.IsIdentifier(a.Comment) && a.Comment != "complit" && a.Comment != "varargs" {
		return a.Comment
	}
	s := types.TypeString(v.Type(), func(p *types.Package) string { return p.Name() })
	return strings.TrimLeft(s, "*[]")
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
