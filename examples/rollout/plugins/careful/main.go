// Plugin delays is that of examples/flights with a check too many: it takes a delay of more than 140 minutes for a typing error
// and gives the flight up. That is one flight in a hundred.
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
	if delay > 140 {
		return pelton.Dead("a delay of " + strconv.FormatInt(delay, 10) + " minutes is a typing error")
	}
	late := delay > config.LateAfter
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
