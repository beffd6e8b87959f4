package main

import (
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/sdk/go"
)

// waits is the verdict that Fetch gives, without a request.
var waits pelton.Verdict

// request is the commands that use http.
func request(m *pelton.Message, out *pelton.Out, word, rest string) pelton.Verdict {
	r, ok := m.Response()
	switch word {
	case "fetch":
		method, rest, _ := strings.Cut(rest, " ")
		url, body, _ := strings.Cut(rest, " ")
		waits = out.Fetch(&pelton.Request{
			Method: method, URL: url, Body: []byte(body), Headers: []pelton.Header{{"X-One", "1"}, {"X-Two", "a: b"}},
		})
		return waits
	case "await":
		return waits
	case "length":
		out.Emit("out", nil, []byte(strconv.Itoa(len(r.Body))))
		return pelton.Ack()
	}
	text := "-"
	if ok {
		text = strconv.Itoa(r.Status) + " " + string(r.Body)
		for _, h := range r.Headers {
			text += " " + h.Name + "=" + h.Value
		}
		if r.Error != "" {
			text += " " + string(r.Error) + " " + r.Reason
		}
	}
	out.Emit("out", nil, []byte(text))
	return pelton.Ack()
}
