// Plugin checks tells each flight's delay, gives long delays up, and defers some: so that every page has something.
package main

import (
	"strconv"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

// The browser tests make other versions by changing these: one that is slower to believe, one that is broken.
const (
	longest = 90    // minutes; more is given up
	broken  = false // gives everything up
)

func init() { pelton.Handle(handle, "delays") }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	field, _ := m.Field("delay")
	delay, err := field.Int()
	switch {
	case err != nil:
		return pelton.Dead("delay is not a number of minutes")
	case broken:
		return pelton.Dead("this version is broken")
	case delay > longest:
		pelton.Log(pelton.Warn, "a delay of "+strconv.FormatInt(delay, 10)+" minutes from "+string(m.Key()))
		return pelton.Dead("a delay of " + strconv.FormatInt(delay, 10) + " minutes is a typing error")
	case delay == 42:
		return pelton.Defer(time.Now().Add(time.Hour)).AndPass()
	}
	destination, _ := m.Field("destination")
	late := strconv.FormatBool(delay > 15)
	out.Emit("delays", m.Key(), []byte(`{"delay":`+strconv.FormatInt(delay, 10)+`,"late":`+late+`,"to":"`+destination.String()+`"}`))
	return pelton.Ack()
}
