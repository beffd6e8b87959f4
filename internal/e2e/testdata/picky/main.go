// Plugin picky passes messages on, but decides otherwise on some of them, by their number.
package main

import (
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

const fixed = false

func init() { pelton.Handle(handle, "default") }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	field, _ := m.Field("seq")
	seq, err := field.Int()
	if err != nil {
		return pelton.Dead(err.Error())
	}
	out.Emit("default", m.Key(), m.Payload())
	if fixed {
		return pelton.Ack()
	}
	switch seq {
	case 3:
		if m.Attempt() < 3 {
			return pelton.Retry(0).Because("not yet")
		}
	case 5:
		return pelton.Defer(time.Now().Add(time.Hour))
	case 7:
		return pelton.Hold(time.Hour)
	case 9:
		return pelton.Dead("no such airport")
	case 11:
		return pelton.Retry(0).Because("never")
	case 13:
		panic("thirteen")
	}
	return pelton.Ack()
}
