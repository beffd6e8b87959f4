package wasm

import (
	"context"
	crypto "crypto/rand"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// given is one function that guests may import; run works on the parameters in place and leaves its result in
// stack[0].
type given struct {
	signature
	run func(n *Instance, stack []uint64)
}

func fn(run func(n *Instance, stack []uint64), results []api.ValueType, params ...api.ValueType) given {
	return given{signature{params, results}, run}
}

var one, wide = []api.ValueType{i32}, []api.ValueType{i64}

// imports is what the module pelton gives.
var imports = map[string]given{
	"declare": fn((*Instance).declare, one, i32, i32, i32, i32),
	"output":  fn((*Instance).output, one, i32, i32),
	"field":   fn((*Instance).field, one, i32, i32),
	"locate":  fn((*Instance).locate, one, i32, i32, i32),
	"emit":    fn((*Instance).emit, one, i32, i32, i32, i32, i32, i32, i32, i32),
	"settle":  fn((*Instance).settle, one, i32, i32, i32, i32, i32, i64, i32, i32),
	"text":    fn((*Instance).text, one, i32, i32, i32, i32),
	"header":  fn((*Instance).header, one, i32, i32, i32, i32, i32),
	"log":     fn((*Instance).logLine, nil, i32, i32, i32),
	"fail":    fn((*Instance).fail, nil, i32, i32),
	"now":     fn((*Instance).now, wide),
	"random":  fn((*Instance).draw, wide),

	"http_request": fn((*Instance).httpRequest, one, i32, i32, i32, i32, i32, i32, i32, i32, i32),
	"http_status":  fn((*Instance).httpStatus, one, i32),
	"http_text":    fn((*Instance).httpText, one, i32, i32, i32, i32),

	"kv_get":    fn((*Instance).kvGet, one, i32, i32, i32, i32, i32),
	"kv_put":    fn((*Instance).kvPut, one, i32, i32, i32, i32, i32),
	"kv_delete": fn((*Instance).kvDelete, one, i32, i32, i32),
	"kv_next":   fn((*Instance).kvNext, one, i32, i32, i32, i32, i32, i32, i32),
}

// noise is the source of the guest's random bytes. It is asked for as many at once as the guest likes.
type noise struct{ work func(bytes int) }

// Read never fails.
func (s noise) Read(p []byte) (int, error) {
	const most = 64 << 10
	p = p[:min(len(p), most)]
	s.work(len(p))
	return crypto.Read(p)
}

// provide makes the modules pelton and pelton_fuel in the engine. Their functions are shared by all instances, which they
// find in the call's context.
func provide(ctx context.Context, engine wazero.Runtime) error {
	ask := api.GoFunc(func(ctx context.Context, stack []uint64) {
		n, _ := ctx.Value(instanceKey{}).(*Instance)
		result(stack, n.deadline.ask())
	})
	fuel := engine.NewHostModuleBuilder(fuelModule).NewFunctionBuilder().WithGoFunction(ask, nil, one).Export(fuelName)
	if _, err := fuel.Instantiate(ctx); err != nil {
		return err
	}
	b := engine.NewHostModuleBuilder(hostModule)
	for name, g := range imports {
		b = b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
			n, _ := ctx.Value(instanceKey{}).(*Instance)
			if n.module == nil {
				panic("the import pelton." + name + " was called before pelton_init")
			}
			n.admit()
			g.run(n, stack)
		}), g.params, g.results).Export(name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

const (
	mostOutputs      = 256
	mostFields       = 256
	nameLimit        = 256 // bytes of a name
	contentTypeLimit = 256
)

// bytes is the guest's string at stack[i], of stack[i+1] bytes; outside its memory is the guest's fault.
func (n *Instance) bytes(stack []uint64, i int) ([]byte, bool) {
	b, ok := n.read(uint32(stack[i]), uint32(stack[i+1]))
	if !ok {
		n.blame(malformed("an import was given bytes outside the module's memory"))
	}
	return b, ok
}

// refusalLimit is how many more calls of imports a turn may make that has failed already: enough for a plugin that
// does not look at the answers and ends by itself, not for one that emits without end.
const refusalLimit = 256

// admit ends the call of a guest that goes on and on after its turn has failed.
func (n *Instance) admit() {
	if n.wrong.turn == nil {
		return
	}
	if n.wrong.refusals++; n.wrong.refusals > refusalLimit {
		panic(n.wrong.turn)
	}
}

// blame keeps the first thing that went wrong with a turn.
func (n *Instance) blame(f *actor.Fault) {
	if n.wrong.turn == nil {
		n.wrong.turn = f
	}
}

func result(stack []uint64, v int32) { stack[0] = uint64(uint32(v)) }

// declare(name, content type) -> index
func (n *Instance) declare(stack []uint64) {
	name, ok := n.bytes(stack, 0)
	ctype, ok2 := n.bytes(stack, 2)
	result(stack, -1)
	switch {
	case !ok || !ok2:
	case !n.declared.open:
		n.blame(malformed("an output was declared after init"))
	case !validName(string(name)):
		n.blame(malformed("output %q: a name has 1 to 64 letters, digits, - and _", name))
	case len(n.declared.outputs) == mostOutputs || len(ctype) > contentTypeLimit:
		n.blame(malformed("the plugin declares more than %d outputs, or a content type of over %d bytes", mostOutputs, contentTypeLimit))
	default:
		for _, o := range n.declared.outputs {
			if o.Name == string(name) {
				n.blame(malformed("the output %q is declared twice", name))
				return
			}
		}
		n.declared.outputs = append(n.declared.outputs, pelton.Output{Name: string(name), ContentType: clean(ctype)})
		result(stack, int32(len(n.declared.outputs)-1))
	}
}

// output(name) -> index or -1
func (n *Instance) output(stack []uint64) {
	name, ok := n.bytes(stack, 0)
	result(stack, -1)
	if !ok {
		return
	}
	for i := range n.declared.outputs {
		if n.declared.outputs[i].Name == string(name) {
			result(stack, int32(i))
			return
		}
	}
	n.declared.missing = clean(name[:min(len(name), nameLimit)])
}

// field(name) -> index
func (n *Instance) field(stack []uint64) {
	name, ok := n.bytes(stack, 0)
	result(stack, -1)
	if !ok {
		return
	}
	for i, f := range n.declared.fields {
		if f == string(name) {
			result(stack, int32(i))
			return
		}
	}
	if len(n.declared.fields) == mostFields || len(name) > nameLimit {
		n.blame(malformed("the plugin asks for more than %d fields, or one with a name of over %d bytes", mostFields, nameLimit))
		return
	}
	n.declared.fields = append(n.declared.fields, string(name))
	result(stack, int32(len(n.declared.fields)-1))
}

// delivery is the view of the chunk's delivery i; outside the chunk is the guest's fault.
//
//pelton:lends the host functions of one call use it
func (n *Instance) delivery(i int32) *pelton.View {
	if n.turn == nil || i < 0 || int(i) >= len(n.chunk.order) {
		n.blame(malformed("an import was given delivery %d of %d", i, len(n.chunk.order)))
		return nil
	}
	return &n.turn.Deliveries[n.chunk.order[i]].View
}

// locate(delivery, field, into) -> 1 if the message has it
func (n *Instance) locate(stack []uint64) {
	field, into := int32(uint32(stack[1])), uint32(stack[2])
	v := n.delivery(int32(uint32(stack[0])))
	result(stack, 0)
	if v == nil {
		return
	}
	if field < 0 || int(field) >= len(n.declared.fields) {
		n.blame(malformed("locate: no field has the index %d", field))
		return
	}
	at, ok := v.Locate(n.declared.fields[field])
	b, inside := n.module.Memory().Read(into, fieldSize)
	if !inside {
		n.blame(malformed("locate: the place for the answer is outside the module's memory"))
		return
	}
	putField(b, at)
	if ok {
		result(stack, 1)
	}
}

// What text gives.
const (
	textToken = iota + 1
	textID
	textTrace
	textSource
	textLane
)

// text(delivery, what, into, size) -> length, which may be more than size
func (n *Instance) text(stack []uint64) {
	what := uint32(stack[1])
	v := n.delivery(int32(uint32(stack[0])))
	if v == nil {
		result(stack, -1)
		return
	}
	meta := v.Meta()
	var s string
	switch what {
	case textToken:
		s = meta.MessageID().To(pelton.Target{Kind: pelton.TargetPlugin, Name: n.env.Plugin}).String() + "/" + strconv.FormatUint(uint64(meta.Attempt), 10)
	case textID:
		s = meta.MessageID().String()
	case textTrace:
		s = meta.Trace
	case textSource:
		s = meta.MessageID().Lane.Source
	case textLane:
		s = meta.MessageID().Lane.Lane
	default:
		n.blame(malformed("text: %d is not one of the ABI's", what))
	}
	n.answer(stack, 2, s)
}

// header(delivery, name, into, size) -> length or -1
func (n *Instance) header(stack []uint64) {
	v := n.delivery(int32(uint32(stack[0])))
	name, ok := n.bytes(stack, 1)
	if v == nil || !ok {
		result(stack, -1)
		return
	}
	meta := v.Meta()
	for i := range meta.Headers {
		if meta.Headers[i].Name == string(name) {
			n.answer(stack, 3, meta.Headers[i].Value)
			return
		}
	}
	result(stack, -1)
}

// answer copies s to the guest's buffer at stack[i], as much as fits, and answers its length.
func (n *Instance) answer(stack []uint64, i int, s string) {
	into, ok := n.bytes(stack, i)
	if ok {
		copy(into, s)
	}
	result(stack, int32(len(s)))
}

// log(level, line)
func (n *Instance) logLine(stack []uint64) {
	line, ok := n.bytes(stack, 1)
	if !ok {
		return
	}
	levels := [...]string{"debug", "info", "warn", "error"}
	level := min(int(uint32(stack[0])), len(levels)-1)
	n.stdio.log.line(levels[level], string(line[:min(len(line), lineLimit+1)]))
}

// fail(text)
func (n *Instance) fail(stack []uint64) {
	if text, ok := n.bytes(stack, 0); ok {
		n.failed = clean(text[:min(len(text), reasonLimit)])
	}
}

// now() -> nanoseconds since 1970
func (n *Instance) now(stack []uint64) { stack[0] = uint64(time.Now().UnixNano()) }

// random() -> 64 bits
func (n *Instance) draw(stack []uint64) { stack[0] = rand.Uint64() }

// clean is the guest's text as valid UTF-8.
func clean(b []byte) string { return strings.ToValidUTF8(string(b), "�") }

func validName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r) {
			return false
		}
	}
	return true
}
