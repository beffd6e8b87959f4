// Plugin delays-bad counts flights in a map that nobody made: it panics on its first message.
package main

import "github.com/peltonhq/pelton/sdk/go"

func init() { pelton.Handle(handle, "airports", "late") }

func main() {}

var flights map[string]int

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	flights[string(m.Key())]++
	out.Emit("airports", m.Key(), m.Payload())
	return pelton.Ack()
}
