// Plugin enrich adds the city of departure to flights. It asks a directory on the network for each airport once and keeps
// the answer in its kv, so that a restart or another version of it asks for nothing twice.
package main

import (
	"bytes"
	"encoding/json"

	"github.com/peltonhq/pelton/sdk/go"
)

var config struct {
	Directory string `json:"directory"` // URL of the directory; the airport goes behind it
}

func init() {
	pelton.Config(&config)
	pelton.Handle(handle, "departures")
}

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	airport, _ := m.Field("origin")
	known := out.KV()
	city, ok := known.Get(airport.Raw)
	if !ok {
		r, answered := m.Response()
		switch {
		case !answered: // the message comes back with the response; other airports go on meanwhile
			return out.Fetch(&pelton.Request{URL: config.Directory + airport.String()})
		case r.Status == 404:
			city = []byte("null")
		case r.Status != 200 || r.Error != "":
			return pelton.Retry(0).Because("directory: " + r.String())
		default:
			city, _ = json.Marshal(string(r.Body))
		}
		known.Put(airport.Raw, city)
	}
	line := append(bytes.TrimSuffix(m.Payload(), []byte("}")), `,"city":`...)
	out.Emit("departures", m.Key(), append(append(line, city...), '}'))
	return pelton.Ack()
}
