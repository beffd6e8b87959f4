package borrowcheck

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// The standard library is not analysed: formatters and encoders keep what they are given in pools and call it back by
// reflection, where every analysis of values loses the thread, and it is known what they do. What is not in these tables
// keeps nothing, and what it returns is a copy.

// aliasing are packages whose results may share memory with what they were given.
var aliasing = map[string]bool{
	"bufio": true, "bytes": true, "cmp": true, "container/heap": true, "container/list": true, "container/ring": true,
	"context": true, "io": true, "iter": true, "maps": true, "reflect": true, "regexp": true, "slices": true,
	"sync": true, "sync/atomic": true, "unique": true, "unsafe": true, "weak": true,
}

// copying are functions of these packages whose results are copies. Those of slices copy one level: they are copies
// of a []byte, not of a [][]byte.
var copying = words(`
	bytes.Clone bytes.Join bytes.Map bytes.Repeat bytes.Replace bytes.ReplaceAll bytes.Runes bytes.Title bytes.ToLower
	bytes.ToLowerSpecial bytes.ToTitle bytes.ToTitleSpecial bytes.ToUpper bytes.ToUpperSpecial bytes.ToValidUTF8
	(*bytes.Buffer).ReadBytes (*bufio.Reader).ReadBytes io.ReadAll
	(*sync.Pool).Get (*regexp.Regexp).Expand (*regexp.Regexp).ReplaceAll (*regexp.Regexp).ReplaceAllFunc (*regexp.Regexp).ReplaceAllLiteral
`)

var copyingLevel = words(`slices.Clone slices.Concat slices.Repeat`)

// storing functions put their arguments into the first one, or into their receiver.
var storing = words(`
	(*bufio.Reader).Reset (*bufio.Writer).Reset (*bytes.Reader).Reset
	(*container/list.List).InsertAfter (*container/list.List).InsertBefore (*container/list.List).PushBack
	(*container/list.List).PushFront container/heap.Push
	maps.Copy maps.Insert slices.Insert slices.Replace
	(reflect.Value).Set (reflect.Value).SetBytes (reflect.Value).SetMapIndex (reflect.Value).SetPointer
	(*sync.Map).CompareAndSwap (*sync.Map).LoadOrStore (*sync.Map).Store (*sync.Map).Swap
	(*sync/atomic.Pointer[T]).CompareAndSwap (*sync/atomic.Pointer[T]).Store (*sync/atomic.Pointer[T]).Swap
	(*sync/atomic.Value).CompareAndSwap (*sync/atomic.Value).Store (*sync/atomic.Value).Swap
	sync/atomic.CompareAndSwapPointer sync/atomic.StorePointer sync/atomic.SwapPointer
`)

// keeping functions hold on to their arguments: for a later call, another goroutine or whoever asks next.
var keeping = words(`
	context.AfterFunc expvar.Publish (reflect.Value).Send runtime.AddCleanup runtime.SetFinalizer
	(*sync.WaitGroup).Go time.AfterFunc unique.Make
`)

// pooling is where what a function made goes back to. What it still holds is reported there; the callers of a function
// that has a pool are not told that it keeps their arguments: as a rule it forgets them.
const pooling = "(*sync.Pool).Put"

// forgetting are functions of other modules that look as if they kept their arguments, since they store them in buffers
// that live on: nothing reads them there after the call.
var forgetting = words(`
	(*github.com/cockroachdb/pebble/v2.DB).Get github.com/goccy/go-yaml.Unmarshal
	(*github.com/klauspost/compress/zstd.Decoder).DecodeAll (*github.com/klauspost/compress/zstd.Encoder).EncodeAll
`)

func words(list string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// stdlib is the effect of a function of the standard library; args are the types of its arguments.
func (s *shapes) stdlib(f *types.Func, args []types.Type) *Effect {
	e, name := new(Effect), f.FullName()
	all := func() (o origin) {
		for i := range args {
			o |= param(i)
		}
		return o
	}()
	first := 0
	if f.Signature().Recv() != nil {
		first = 1
	}
	switch {
	case keeping[name]:
		e.Keeps = all &^ (param(first) - 1)
	case storing[name]:
		e.into(0, all&^param(0))
	}
	if f.Signature().Variadic() && len(args) > 0 {
		args = append(args[:len(args)-1:len(args)-1], args[len(args)-1].Underlying().(*types.Slice).Elem())
	}
	if !aliasing[f.Pkg().Path()] {
		all = readers(f.Name(), args)
	}
	if copying[name] || copyingLevel[name] && !slices.ContainsFunc(args, s.deep) {
		return e
	}
	for i := range f.Signature().Results().Len() {
		if isError(f.Signature().Results().At(i).Type()) {
			e.result(i, 0)
			continue
		}
		e.result(i, all)
	}
	return e
}

// readers are the arguments of a constructor that can be read from: a decoder, a request or a decompressor reads on when
// it is used.
func readers(name string, args []types.Type) (o origin) {
	if !strings.HasPrefix(name, "New") {
		return 0
	}
	for i, t := range args {
		if m, _, _ := types.LookupFieldOrMethod(t, true, nil, "Read"); m != nil {
			o |= param(i)
		}
	}
	return o
}

// fresh reports whether what the function returns is new memory, whatever its elements point to.
func fresh(fn *ssa.Function) bool {
	object, ok := fn.Object().(*types.Func)
	return ok && copyingLevel[originOf(object).FullName()]
}

func isNamed(fn *ssa.Function, name string) bool {
	object, ok := fn.Object().(*types.Func)
	return ok && object.FullName() == name
}

// deep reports whether a copy of the elements of a slice still shares memory with it.
func (s *shapes) deep(t types.Type) bool {
	if u, ok := t.Underlying().(*types.Slice); ok {
		return s.holds(u.Elem())
	}
	return s.holds(t)
}
