package wasm

import (
	"bytes"
	"strings"

	"github.com/peltonhq/pelton"
)

// What http_text gives.
const (
	responseBody = iota + 1
	responseError
	responseReason
	responseHeaders // a line "NAME: VALUE" for each, "\n" behind it
)

// flagResponse says that the response that a delivery awaited is there.
const flagResponse = 1

// http_request(delivery, method, url, headers, body) -> 0, or 1 if it was refused, which fails the turn. Headers are as
// http_text gives them.
func (n *Instance) httpRequest(stack []uint64) {
	place := int32(uint32(stack[0]))
	var parts [4][]byte
	ok := n.delivery(place) != nil
	for i := range parts {
		var inside bool
		parts[i], inside = n.bytes(stack, 1+2*i)
		ok = ok && inside
	}
	result(stack, 1)
	if !ok || n.wrong.turn != nil {
		return
	}
	headers, ok := parseHeaders(parts[2])
	if !ok {
		n.blame(malformed("a header of a request is no line \"NAME: VALUE\""))
		return
	}
	r := pelton.Request{Method: clean(parts[0]), URL: clean(parts[1]), Headers: headers, Body: parts[3]}
	if err := n.turn.Fetch(n.env.HTTP, int(n.chunk.order[place]), r); err != nil {
		n.deny(err)
		return
	}
	result(stack, 0)
}

// parseHeaders reads lines "NAME: VALUE".
func parseHeaders(text []byte) (headers []pelton.Header, ok bool) {
	for line := range bytes.Lines(text) {
		name, value, found := strings.Cut(clean(bytes.TrimRight(line, "\r\n")), ":")
		if !found || name == "" {
			return nil, false
		}
		headers = append(headers, pelton.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return headers, true
}

// http_status(delivery) -> status, 0 if the request failed before there was one, or -1 if no response is there
func (n *Instance) httpStatus(stack []uint64) {
	r := n.response(stack)
	if r == nil {
		result(stack, -1)
		return
	}
	result(stack, int32(r.Status))
}

func (n *Instance) response(stack []uint64) *pelton.Response {
	place := int32(uint32(stack[0]))
	if n.delivery(place) == nil {
		return nil
	}
	return n.turn.Response(int(n.chunk.order[place]))
}

// http_text(delivery, what, into, size) -> length, which may be more than size, or -1 if no response is there
func (n *Instance) httpText(stack []uint64) {
	r := n.response(stack)
	if r == nil {
		result(stack, -1)
		return
	}
	switch what := uint32(stack[1]); what {
	case responseBody:
		n.fill(stack, 2, r.Body)
	case responseError:
		n.answer(stack, 2, string(r.Error))
	case responseReason:
		n.answer(stack, 2, r.Reason)
	case responseHeaders:
		var lines strings.Builder
		for _, h := range r.Headers {
			lines.WriteString(h.Name + ": " + h.Value + "\n")
		}
		n.answer(stack, 2, lines.String())
	default:
		n.blame(malformed("http_text: %d is not one of the ABI's", what))
		result(stack, -1)
	}
}
