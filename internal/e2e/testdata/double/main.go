// Plugin double passes every message on twice.
package main

import "github.com/peltonhq/pelton/sdk/go"

func init() { pelton.Handle(handle, "default") }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	out.Emit("default", m.Key(), m.Payload())
	out.Emit("default", m.Key(), m.Payload())
	return pelton.Ack()
}
