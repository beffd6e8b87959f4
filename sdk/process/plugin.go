package process

import (
	"github.com/peltonhq/pelton"
)

// Plugin is what a program does. Exactly one of Handle and Reduce is set.
type Plugin struct {
	// Init is called once, before the first message, with the plugin's `config` as a JSON object; nil does nothing. Its
	// error makes the start fail with these words.
	Init func(config []byte) error
	// Outputs are declared; a handler without any has the one output "default".
	Outputs []pelton.Output
	// Handle decides one message. Neither m, nor anything it gives, nor out may be kept.
	Handle func(m *Message, out *Out) pelton.Verdict
	// Reduce gives the next state of the session key; state is empty for a new one. An error refuses the emit.
	Reduce func(key, state, emit []byte) ([]byte, error)
	// ContentType is of the states; empty means application/json.
	ContentType string
	// Keep hands over what Handle keeps in variables when the code is swapped, where the config asks for it; nil does not.
	Keep *Keep
	// Close is called at the end; nil does nothing. The program has a second.
	Close func()
}

// Keep is how a plugin's variables go over to its next version, where the config has `state: {handover: true}`.
type Keep struct {
	// Save is called between two messages of the old version, which may go on after it. An error is a failure, on which the
	// new version starts without the state or is rolled back, as the config says.
	Save func() (State, error)
	// Load is called after Init of the new version and before its first message. An error is a failure, as that of Save.
	Load func(State) error
}

// State is what a plugin has in its variables, on its way to the next version of the plugin.
type State struct {
	Version uint32 // of the form of Bytes: a number of the plugin's own
	Bytes   []byte // at most `state.max_size`
}

// Message is one delivery, lent until Handle returns.
//
//pelton:lends as that of a native plugin
type Message struct {
	pelton.View

	token  string
	id     string
	client *client
}

// HoldToken is what settles this message later, after [pelton.Hold]: through the API, or by [Out.Settle] of a later one.
func (m *Message) HoldToken() string { return m.token }

// ID identifies the message for good: the same after a crash, a redelivery or a swap.
func (m *Message) ID() string { return m.id }

// Log writes a line to the plugin's log; level is debug, info, warn or error. Lines of standard output and error go
// there too, but may come late.
func (m *Message) Log(level, text string) { m.client.log(level, text) }

// Out takes what a delivery puts out. It takes effect only if the delivery is acked.
//
//pelton:lends it belongs to one delivery and copies what it is given
type Out struct {
	client *client
	room   int64
	full   bool
}

// Emit puts out one message; output "" means "default". Key and payload are copied.
func (o *Out) Emit(output string, key, payload []byte) { o.EmitTyped(output, key, payload, "") }

// EmitTyped is Emit with a content type of its own.
func (o *Out) EmitTyped(output string, key, payload []byte, contentType string) {
	e := pelton.Emit{Output: output, Key: key, Payload: payload, ContentType: contentType}
	o.charge(cost(&e))
	o.client.emit(&e)
}

// Settle decides a delivery that was held earlier, with its emits, if this delivery is acked.
func (o *Out) Settle(token string, verdict pelton.Verdict, emits ...pelton.Emit) {
	size := emitCost + int64(len(token)+len(verdict.Reason))
	for i := range emits {
		size += cost(&emits[i])
	}
	o.charge(size)
	o.client.settle(token, verdict, emits)
}

// emitCost is what the wheel charges for each emit beside its bytes.
const emitCost = 32

func cost(e *pelton.Emit) int64 {
	return emitCost + int64(len(e.Key)+len(e.Payload)+len(e.ContentType))
}

// charge ends the handler when there is no room left.
func (o *Out) charge(size int64) {
	if o.room -= size; o.room < 0 || o.full {
		o.full = true
		panic("pelton: the emits of one message are more than limits.output")
	}
}
