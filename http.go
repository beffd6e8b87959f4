package pelton

// Request is what a plugin asks of the world by HTTP, if it is granted `http`; owned.
type Request struct {
	Method  string // empty means GET
	URL     string // absolute, http or https
	Headers []Header
	Body    []byte
}

// Response is the answer to a [Request]; owned by whoever holds the delivery, and never changed.
type Response struct {
	Status  int // 0 when there is none
	Headers []Header
	Body    []byte
	// Error says that the request failed, and how; empty when Body is all of the answer.
	Error  ResponseError
	Reason string // why, for people
}

// ResponseError is the kind of a request's failure.
type ResponseError string

// The kinds of failure. A plugin may well ask again after a timeout, or where nobody answered; the others stay as they are.
const (
	ResponseRefused     ResponseError = "refused"     // the config does not allow it, or where it was redirected to
	ResponseInvalid     ResponseError = "invalid"     // it is no request that can be made
	ResponseTimeout     ResponseError = "timeout"     // no whole answer within `timeout`
	ResponseUnreachable ResponseError = "unreachable" // nobody answered, or not to the end
	ResponseTooLarge    ResponseError = "too_large"   // over `max_response` or `max_headers`; Status is there if it was read
)
