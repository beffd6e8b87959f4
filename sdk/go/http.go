package pelton

import "strings"

// Request is what a plugin asks of the world by HTTP. The config grants it by `capabilities: {http: {allow: [HOST:PORT]}}`;
// a plugin that uses it and was not granted it does not start.
type Request struct {
	Method  string // empty means GET
	URL     string // absolute; its host and port must be allowed
	Headers []Header
	Body    []byte
}

// Header is one header of a request or response.
type Header struct{ Name, Value string }

// Fetch makes a request and gives the verdict to return. The instance does not wait: the message is offered again when
// the response is there, which [Message.Response] gives then, and spends no attempt. Emits of the message so far are
// discarded.
//
// The response is lost with a restart or a swap, and the handler sees the message without one again: it starts over, so
// a request may be made more than once. A handler may fetch again after a response, up to `max_requests` times.
func (o *Out) Fetch(r *Request) Verdict {
	httpRequest(o, r)
	return Verdict{decision: await}
}

// Response is the answer to a request. A request that failed has an Error, and Status only if that was read.
type Response struct {
	Status  int
	Headers []Header
	Body    []byte
	Error   ResponseError // empty when Body is all of the answer
	Reason  string        // of the error, for people
}

// ResponseError is the kind of a request's failure.
type ResponseError string

// The kinds of failure. It may help to try again after a timeout, or where nobody answered; return [Retry] for that.
const (
	Refused     ResponseError = "refused"     // the config does not allow it, or where it was redirected to
	Invalid     ResponseError = "invalid"     // it is no request that can be made
	Timeout     ResponseError = "timeout"     // no whole answer in time
	Unreachable ResponseError = "unreachable" // nobody answered, or not to the end
	TooLarge    ResponseError = "too_large"   // the answer is larger than the config allows
)

// Response is the answer to the request that this message made with [Out.Fetch]; ok is false while there is none. It is
// the caller's.
func (m *Message) Response() (r *Response, ok bool) {
	if !m.answered {
		return nil, false
	}
	return httpResponse(m), true
}

// Header is the first header of that name, in whatever case.
func (r *Response) Header(name string) (value string, ok bool) {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value, true
		}
	}
	return "", false
}

// String is the outcome in a line: "200", or "timeout: no answer within 10s".
func (r *Response) String() string {
	if r.Error != "" {
		return string(r.Error) + ": " + r.Reason
	}
	return itoa(r.Status)
}

// itoa is a status as text, without the weight of package strconv in a guest that does not use it otherwise.
func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
