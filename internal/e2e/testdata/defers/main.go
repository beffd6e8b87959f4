// Plugin defers does what the example's delays does, but puts every seventh flight off once: most for a moment, which
// passes in memory, some for so long that they are parked in the store.
package main

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

const (
	every  = 7
	long   = 250 * every // of those, the ones that are parked
	moment = 100 * time.Millisecond
	parked = 6 * time.Second // more than what waits in memory
)

func init() { pelton.Handle(handle, "airports", "late") }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	seq, err := number(m, "seq")
	if err != nil {
		return pelton.Dead(err.Error())
	}
	delay, err := number(m, "delay")
	if err != nil {
		return pelton.Dead(err.Error())
	}
	late := delay > 15
	// What is emitted with a verdict other than ack never happened (E1): a flight that is deferred must not count twice.
	out.Emit("airports", m.Key(), fmt.Appendf(nil, `{"delay":%d,"late":%t}`, delay, late))
	if late {
		out.Emit("late", m.Key(), m.Payload())
	}
	if seq%every != 0 || m.Defers() > 0 {
		return pelton.Ack()
	}
	wait := moment
	if seq%long == 0 {
		wait = parked
	}
	verdict := pelton.Defer(time.Now().Add(wait))
	if m.Key()[0] < 'D' {
		return verdict.AndPass()
	}
	return verdict
}

func number(m *pelton.Message, name string) (int64, error) {
	field, ok := m.Field(name)
	if !ok {
		return 0, fmt.Errorf("no field %s", name)
	}
	return field.Int()
}
