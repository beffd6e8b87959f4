// Plugin copy passes every message on.
package main

import "github.com/peltonhq/pelton/sdk/go"

func init() { pelton.Handle(handle, "default") }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	out.Emit("default", m.Key(), m.Payload())
	return pelton.Ack()
}
