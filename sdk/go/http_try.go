//go:build !wasip1

package pelton

// A sample's request is in its result, and a sample with a response has it.

func httpRequest(o *Out, r *Request) { o.wheel.(*recorder).request = r }

func httpResponse(m *Message) *Response { return m.wheel.(*recorder).sample.Response }
