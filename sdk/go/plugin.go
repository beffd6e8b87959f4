package pelton

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// Handler decides one message. It is called by one goroutine, one message at a time; m and everything m returns are
// borrowed until it returns.
type Handler func(m *Message, out *Out) Verdict

// Reducer folds an emit into the state of the session key, and returns the new state: the payload of the next
// snapshot. state is empty for a new session. The arguments are borrowed until it returns; the result may alias
// them. An error refuses this emit; the state stays as it was.
//
//pelton:lends its arguments, until it returns
type Reducer func(key, state, emit []byte) ([]byte, error)

// plugin is what a program registered. A program has one.
type plugin struct {
	handler  Handler
	reducer  Reducer
	start    func() error
	save     func() (State, error)
	load     func(State) error
	decode   func(config []byte) error
	declared []declaration
	outputs  names
	fields   names
	host     wheel
}

type declaration struct{ name, contentType string }

var registered = plugin{host: defaultHost}

// Handle registers the plugin's handler and the outputs it emits to; without any, it has the one output "default".
// Call it once, in an init function.
func Handle(h Handler, outputs ...string) {
	if registered.handler != nil || registered.reducer != nil {
		panic("pelton.Handle: a plugin has one handler or one reducer")
	}
	registered.handler = h
	for _, name := range outputs {
		Output(name, "")
	}
}

// Output declares an output with the content type of its emits; empty means application/json. Call it in an init
// function.
func Output(name, contentType string) {
	registered.declared = append(registered.declared, declaration{name, contentType})
}

// Reduce registers the plugin as a reducer. Call it once, in an init function.
func Reduce(r Reducer) {
	if registered.handler != nil || registered.reducer != nil {
		panic("pelton.Reduce: a plugin has one handler or one reducer")
	}
	registered.reducer = r
}

// Config registers where the plugin's `config` goes: a pointer, filled by encoding/json before the first message.
// What it points to now are the defaults. A key that it has no field for is an error, so that a typing mistake does
// not pass unseen.
func Config[T any](into *T) {
	defaults := *into
	registered.decode = func(config []byte) error {
		*into = defaults
		d := json.NewDecoder(bytes.NewReader(config))
		if reflect.TypeFor[T]().Kind() == reflect.Struct {
			d.DisallowUnknownFields()
		}
		if err := d.Decode(into); err != nil {
			return fmt.Errorf("config: %w", err)
		}
		return nil
	}
}

// Start registers a function that runs once after the config is read and before the first message. Its error makes
// the start of the plugin fail with these words.
func Start(f func() error) { registered.start = f }

// State is what a plugin has in its variables, on its way to the next version of the plugin.
//
//pelton:lends Bytes, to the function that loads it
type State struct {
	Version uint32 // of the form of Bytes: a number of the plugin's own
	Bytes   []byte
}

// Keep registers how the plugin's variables are handed over when its code is swapped, where the config asks for it with
// `state: {handover: true}`. save is called between two messages of the old version, which may go on after it. load is
// called after the start of the new one and before its first message; the bytes are borrowed until it returns. An error
// of either is a failure, on which the new version starts without the state or is rolled back, as the config says.
// Call it in an init function. A reducer has no use for it: its state is its session.
func Keep(save func() (State, error), load func(State) error) {
	registered.save, registered.load = save, load
}

// initialize reads the config, declares the outputs and starts the plugin.
func (p *plugin) initialize(w wheel, config []byte) error {
	p.host, p.outputs, p.fields = w, nil, nil
	if p.handler == nil && p.reducer == nil {
		return errors.New("the plugin registers nothing: call pelton.Handle or pelton.Reduce in an init function")
	}
	if p.handler != nil && len(p.declared) == 0 {
		p.declared = []declaration{{name: "default"}}
	}
	for _, d := range p.declared {
		p.outputs = append(p.outputs, indexed{d.name, w.declare(d.name, d.contentType)})
	}
	if p.decode != nil {
		if err := p.decode(config); err != nil {
			return err
		}
	}
	if p.start != nil {
		return p.start()
	}
	return nil
}

// output is the index of a declared output, or what the host says of one that is not: negative, and remembered there
// by name for the error.
func (p *plugin) output(w wheel, name string) int32 {
	if name == "" {
		name = "default"
	}
	if i := p.outputs.index(name); i >= 0 {
		return i
	}
	return w.output(name)
}

// field is the index under which the host locates a field, from the first use of its name on.
func (p *plugin) field(w wheel, name string) int32 {
	i := p.fields.index(name)
	if i < 0 {
		i = w.field(name)
		p.fields = append(p.fields, indexed{name, i})
	}
	return i
}

// names finds indices by name. A plugin has a few, and mostly asks with the same constant string, so comparing
// addresses first beats a map, which is slow in a guest whose loops are checked.
type names []indexed

type indexed struct {
	name  string
	index int32
}

// index is -1 if the name is not there.
func (n names) index(name string) int32 {
	for i := range n {
		if len(n[i].name) == len(name) && unsafe.StringData(n[i].name) == unsafe.StringData(name) {
			return n[i].index
		}
	}
	for i := range n {
		if n[i].name == name {
			return n[i].index
		}
	}
	return -1
}
