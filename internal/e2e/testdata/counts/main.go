// Plugin counts counts flights by airport in its state, and emits each count once. What it does not ack it does not count:
// every eleventh flight is retried first, and every thirteenth deferred.
package main

import (
	"strconv"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

func init() { pelton.Handle(handle, "counts") }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	state := out.KV()
	value, _ := state.Get(m.Key())
	n, _ := strconv.Atoi(string(value))
	count := strconv.AppendInt(nil, int64(n+1), 10)
	state.Put(m.Key(), count)
	out.Emit("counts", m.Key(), count)
	switch at := m.Position(); {
	case at%11 == 0 && m.Attempt() == 1:
		return pelton.Retry(50 * time.Millisecond)
	case at%13 == 0 && m.Defers() == 0:
		return pelton.Defer(pelton.Now().Add(200 * time.Millisecond))
	}
	return pelton.Ack()
}
