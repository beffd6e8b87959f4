// Plugin golang is the benchmark's guest in Go, with the SDK; the operations are described in ../source/guest.c.
package main

import "github.com/peltonhq/pelton/sdk/go"

var config struct {
	Op string `json:"op"`
}

func init() {
	pelton.Config(&config)
	pelton.Handle(handle, "default")
}

func main() {}

var out []byte // reused: an emit is copied

func handle(m *pelton.Message, o *pelton.Out) pelton.Verdict {
	payload := m.Payload()
	switch config.Op {
	case "head":
		return verdict(payload[:min(64, len(payload))])
	case "sum":
		return verdict(payload)
	case "filter":
		field, _ := m.Field("value")
		value, err := field.Float()
		if err != nil {
			return pelton.Dead("value is not a number")
		}
		if value > 50 {
			out = append(append(out[:0], payload[:len(payload)-1]...), `,"level":"high"}`...)
			o.Emit("default", nil, out)
		}
	}
	return pelton.Ack()
}

func verdict(bytes []byte) pelton.Verdict {
	sum := uint32(0)
	for _, b := range bytes {
		sum += uint32(b)
	}
	if sum&1 == 1 {
		return pelton.Retry(0)
	}
	return pelton.Ack()
}
