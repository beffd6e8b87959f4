package native

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// Plugin handles messages. A plugin with a method Close() error has it called when its instance is given up.
type Plugin interface {
	// Init is called once, before the first message; config is a JSON object. It gives the outputs.
	Init(config []byte) ([]pelton.Output, error)
	// Handle decides one delivery. Neither m, nor anything it gives, nor out may be kept.
	Handle(m *Message, out *Out) pelton.Verdict
}

// Saver may be implemented by a Plugin that hands its state over to the next version, where the config asks for it
// (`state: {handover: true}`). The version is that of the state's form.
type Saver interface {
	Save() (version uint32, state []byte, err error)
}

// Loader may be implemented by a Plugin that takes the state of the version before.
type Loader interface {
	Load(version uint32, state []byte) error
}

// Reducer folds emits into the states of sessions. It may have a method Close, as a Plugin.
type Reducer interface {
	Init(config []byte) error
	// Reduce gives the next state of the session key; state is empty for a new one. An error refuses the emit.
	Reduce(key, state, emit []byte) ([]byte, error)
}

// Typed may be implemented by a Reducer whose states are not application/json.
type Typed interface{ ContentType() string }

// Registry holds the native modules of a binary by name. It is a value that its user builds; nothing registers itself.
type Registry map[string]actor.Module

// Lookup gives the module of a name; the error names what there is.
func (r Registry) Lookup(name string) (actor.Module, error) {
	if m, ok := r[name]; ok {
		return m, nil
	}
	if len(r) == 0 {
		return nil, fmt.Errorf("native plugin %q: this binary has none linked in", name)
	}
	return nil, fmt.Errorf("native plugin %q: this binary has only %s", name, strings.Join(slices.Sorted(maps.Keys(r)), ", "))
}

// Message is one delivery, borrowed until Handle returns.
//
//pelton:lends it is the view of one delivery
type Message struct {
	*pelton.View

	plugin   string
	log      func(level, message string)
	response *pelton.Response
}

// Response is the answer to the request that this delivery made with [Out.Fetch]; nil before, after a restart and after a
// swap: then the plugin starts over. It must not be changed.
func (m *Message) Response() *pelton.Response { return m.response }

// Log writes a line to the plugin's log; level is debug, info, warn or error.
func (m *Message) Log(level, message string) { m.log(level, message) }

// HoldToken names this delivery for a later [Out.Settle], after a verdict Hold. It is owned.
func (m *Message) HoldToken() string { return actor.HoldToken(m.plugin, m.View) }

// Out takes what a delivery puts out. It takes effect only if the delivery is acked (E1).
//
//pelton:lends it belongs to one delivery and copies what it is given
type Out struct {
	turn     *actor.Turn
	kv       actor.KV // nil when it is not granted
	http     bool
	delivery int
	err      error // the first error: the outbox is full
}

// Emit puts out one message; output "" means "default". Key and payload are copied. Over limits.output it does nothing,
// and the delivery fails whatever the verdict.
func (o *Out) Emit(output string, key, payload []byte) { o.EmitTyped(output, key, payload, "") }

// EmitTyped is Emit with a content type of its own.
func (o *Out) EmitTyped(output string, key, payload []byte, contentType string) {
	if o.err == nil {
		o.err = o.turn.Emit(o.delivery, pelton.Emit{Output: output, Key: key, Payload: payload, ContentType: contentType})
	}
}

// Fetch makes a request and gives the verdict to return: the delivery is offered again when the response is there, see
// [Message.Response]. The plugin must be granted `capabilities.http`; without it the delivery fails. What it is given is
// copied. Emits and changes of the delivery so far are discarded.
func (o *Out) Fetch(r *pelton.Request) pelton.Verdict {
	if o.err == nil {
		o.err = o.turn.Fetch(o.http, o.delivery, *r)
	}
	return pelton.Await()
}

// Settle decides a delivery that was held earlier, with its emits, if this delivery is acked.
func (o *Out) Settle(token string, verdict pelton.Verdict, emits ...pelton.Emit) {
	if o.err == nil {
		o.err = o.turn.Settle(actor.Settlement{Delivery: o.delivery, Token: token, Verdict: verdict, Emits: emits})
	}
}

// Full reports whether the outbox has no room: the delivery will fail.
func (o *Out) Full() bool { return o.err != nil }

// words is an error as one valid line of text.
func words(err error) error {
	if s := err.Error(); !utf8.ValidString(s) {
		return errors.New(strings.ToValidUTF8(s, "?"))
	}
	return err
}
