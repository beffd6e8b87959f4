// Plugin delays is that of examples/flights with a mistake that nothing fails on: a flight of exactly late_after minutes counts as
// late. That is one flight in a hundred.
package main

import (
	"strconv"

	"github.com/peltonhq/pelton/sdk/go"
)

var config = struct {
	LateAfter int64 `json:"late_after"` // minutes; more is late
}{15}

func init() {
	pelton.Config(&config)
	pelton.Handle(handle, "airports", "late")
}

func main() {}

var event []byte // reused: an emit is copied

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	field, _ := m.Field("delay")
	delay, err := field.Int()
	if err != nil {
		return pelton.Dead("delay is not a number of minutes")
	}
	late := delay >= config.LateAfter
	event = append(event[:0], `{"delay":`...)
	event = strconv.AppendInt(event, delay, 10)
	event = append(event, `,"late":`...)
	event = append(strconv.AppendBool(event, late), '}')
	out.Emit("airports", m.Key(), event)
	if late {
		out.Emit("late", m.Key(), m.Payload())
	}
	return pelton.Ack()
}
