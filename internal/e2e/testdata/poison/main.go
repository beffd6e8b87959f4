// Plugin poison passes messages on, but for one in so many, which it can't digest.
package main

import (
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

const fixed = false

var config = struct {
	Seed uint64 `json:"seed"`
	Of   uint64 `json:"of"`   // one in so many is poison
	Spin int64  `json:"spin"` // microseconds that a message takes at least
}{Of: 100}

func init() {
	pelton.Config(&config)
	pelton.Handle(handle, "default")
}

func main() {}

// poisonous is one number in so many, spread by the seed.
func poisonous(seq uint64) bool {
	x := (seq + config.Seed) * 0x9e3779b97f4a7c15
	return (x^x>>31)*0xbf58476d1ce4e5b9>>32%config.Of == 0
}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	field, _ := m.Field("seq")
	seq, err := field.Int()
	if err != nil {
		return pelton.Dead(err.Error())
	}
	for began := time.Now(); time.Since(began).Microseconds() < config.Spin; {
	}
	if !fixed && poisonous(uint64(seq)) {
		if seq%32 == 0 {
			panic("poison")
		}
		return pelton.Retry(0).Because("poison")
	}
	out.Emit("default", m.Key(), m.Payload())
	return pelton.Ack()
}
