// Plugin asks makes the request that a message names and emits what came of it. It tries again what may get better.
package main

import (
	"strconv"

	"github.com/peltonhq/pelton/sdk/go"
)

var config struct {
	Base string `json:"base"` // URL before the message's path
}

func init() {
	pelton.Config(&config)
	pelton.Handle(handle)
}

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	path, _ := m.Field("path")
	r, ok := m.Response()
	switch {
	case !ok:
		return out.Fetch(&pelton.Request{Method: "POST", URL: config.Base + path.String(), Body: m.Payload(), Headers: []pelton.Header{{"X-Attempt", strconv.Itoa(m.Attempt())}}})
	case r.Status >= 500 && r.Error == "", r.Error == pelton.Timeout:
		return pelton.Retry(0).Because(r.String())
	}
	answer := string(r.Body)
	if r.Error != "" {
		answer = string(r.Error)
	}
	out.Emit("", m.Key(), []byte(strconv.Quote(path.String()+" "+strconv.Itoa(m.Attempt())+" "+strconv.Itoa(r.Status)+" "+answer)))
	return pelton.Ack()
}
