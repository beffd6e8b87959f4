// Plugin later defers each message to a time of its own, which has nothing to do with the order in which they come.
package main

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

// Message n is due at base + step × (n × 7919 mod count): each at another time, if count is no multiple of 7919.
var config struct {
	Base  int64 `json:"base"` // Unix nanoseconds
	Step  int64 `json:"step"` // nanoseconds
	Count int64 `json:"count"`
}

func init() {
	pelton.Config(&config)
	pelton.Handle(handle, "default")
}

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	field, _ := m.Field("seq")
	seq, err := field.Int()
	if err != nil {
		return pelton.Dead(err.Error())
	}
	due := config.Base + seq*7919%config.Count*config.Step
	now := time.Now().UnixNano()
	if m.Defers() == 0 {
		return pelton.Defer(time.Unix(0, due))
	}
	out.Emit("default", nil, fmt.Appendf(nil, `{"seq":%d,"due":%d,"now":%d,"attempt":%d}`, seq, due, now, m.Attempt()))
	return pelton.Ack()
}
