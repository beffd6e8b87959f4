package pelton

import "time"

// Out takes what a handler puts out while it handles one message.
//
//pelton:lends it belongs to one message and copies what it is given
type Out struct {
	delivery int32
	wheel    wheel
}

// Emit puts out one payload on a declared output; "" means "default". The bytes are copied, so both buffers may be
// reused. It takes effect only if the message is acked. A nil key means none. An output that was not declared, or
// more bytes than `limits.output`, makes the message fail.
func (o *Out) Emit(output string, key, payload []byte) { o.EmitAs(output, "", key, payload) }

// EmitAs is [Out.Emit] with a content type other than the output's.
func (o *Out) EmitAs(output, contentType string, key, payload []byte) {
	o.wheel.emit(o.delivery, registered.output(o.wheel, output), emission{key, payload, contentType, output})
}

// Settle decides a message that was held earlier, by its token. It takes effect only if the message being handled is
// acked. A token that is expired or superseded is refused and counted by the wheel.
func (o *Out) Settle(token string, v Verdict) *Settlement {
	return &Settlement{Out{delivery: o.wheel.settle(o.delivery, token, v), wheel: o.wheel}}
}

// Settlement is a decision on a held message; what is emitted through it is an emit of that message.
//
//pelton:lends as Out
type Settlement struct{ out Out }

// Emit is [Out.Emit] on behalf of the held message.
func (s *Settlement) Emit(output string, key, payload []byte) { s.out.Emit(output, key, payload) }

// EmitAs is [Out.EmitAs] on behalf of the held message.
func (s *Settlement) EmitAs(output, contentType string, key, payload []byte) {
	s.out.EmitAs(output, contentType, key, payload)
}

// Level is how important a line of the log is.
type Level int32

// The levels of the log.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Log writes a line to the plugin's log. The wheel bounds the length of a line and the lines a second.
func Log(level Level, line string) { registered.host.log(level, line) }

// Now is the time as the wheel reads it once a turn: cheap, and good enough for waits.
func Now() time.Time { return time.Unix(0, registered.host.now()).UTC() }

// emission is one emit; output is its name, for the message of an error.
type emission struct {
	key, payload        []byte
	contentType, output string
}

// wheel is what a plugin asks of its host: the imports of the ABI, or a recorder in tests.
type wheel interface {
	declare(name, contentType string) int32
	output(name string) int32
	field(name string) int32
	locate(delivery, field int32) location
	emit(delivery, output int32, e emission)
	settle(delivery int32, token string, v Verdict) int32
	text(delivery, what int32) string
	header(delivery int32, name string) (string, bool)
	log(level Level, line string)
	now() int64
}

// What text asks for.
const (
	textToken int32 = iota + 1
	textID
	textTrace
	textSource
	textLane
)
