//go:build wasip1

package pelton

import (
	"strings"
	"unsafe"
)

//go:wasmimport pelton http_request
func importRequest(delivery int32, method, url, headers string, body unsafe.Pointer, bodyLen uint32) int32

//go:wasmimport pelton http_status
func importStatus(delivery int32) int32

//go:wasmimport pelton http_text
func importResponse(delivery, what int32, into unsafe.Pointer, size uint32) int32

// What http_text gives.
const (
	responseBody int32 = iota + 1
	responseError
	responseReason
	responseHeaders
)

func httpRequest(o *Out, r *Request) {
	var headers strings.Builder
	for _, h := range r.Headers {
		headers.WriteString(h.Name + ": " + h.Value + "\n")
	}
	body, size := span(r.Body)
	importRequest(o.delivery, r.Method, r.URL, headers.String(), body, size)
}

func httpResponse(m *Message) *Response {
	text := func(what int32) []byte {
		b, _ := fillBytes(func(into unsafe.Pointer, size uint32) int32 { return importResponse(m.index, what, into, size) })
		return b
	}
	r := &Response{Status: int(importStatus(m.index)), Body: text(responseBody), Error: ResponseError(text(responseError))}
	if r.Error != "" {
		r.Reason = string(text(responseReason))
	}
	for line := range strings.Lines(string(text(responseHeaders))) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		r.Headers = append(r.Headers, Header{name, value})
	}
	return r
}
