// Plugin delays-v2 is delays with another opinion: a flight is late after 30 minutes, and what it passes on says so.
package main

import (
	"bytes"
	"strconv"

	"github.com/peltonhq/pelton/sdk/go"
)

var config = struct {
	LateAfter int64 `json:"late_after"` // minutes; more is late
}{30}

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
	late := delay > config.LateAfter
	event = append(event[:0], `{"delay":`...)
	event = strconv.AppendInt(event, delay, 10)
	event = append(event, `,"late":`...)
	event = append(strconv.AppendBool(event, late), '}')
	out.Emit("airports", m.Key(), event)
	if late {
		flight := bytes.TrimRight(m.Payload(), " \t\r\n}")
		event = append(append(event[:0], flight...), `,"late_after":`...)
		event = append(strconv.AppendInt(event, config.LateAfter, 10), '}')
		out.Emit("late", m.Key(), event)
	}
	return pelton.Ack()
}
