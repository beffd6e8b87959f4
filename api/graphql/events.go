package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/peltonhq/pelton/api/meter"
)

// events answers any operation as an event stream: each response is an event "next", the end is "complete".
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	denied := h.svc.Admit(r.Context())
	var p *graphql.RawParams
	if denied == nil {
		var refused *refusal
		if p, refused = h.params(w, r); refused != nil {
			h.answer(w, mediaJSON, refused.status, failure{gqlerror.List{refused.err}})
			return
		}
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	out := &eventStream{w: w, control: http.NewResponseController(w), stall: h.o.Stall, meter: h.meter}
	out.put([]byte(":\n\n")) // headers reach the client at once
	if denied != nil {       // EventSource hides every answer but 200
		out.next(encode(failure{gqlerror.List{present(ctx, denied)}}))
		out.put([]byte("event: complete\ndata:\n\n"))
		return
	}

	op, errs := h.create(ctx, p)
	ctx = graphql.WithOperationContext(ctx, op)
	if errs != nil {
		out.next(encode(failure{h.exec.DispatchError(ctx, errs).Errors}))
		out.put([]byte("event: complete\ndata:\n\n"))
		return
	}
	responses, ctx := h.exec.DispatchOperation(ctx, op)
	answers := make(chan []byte)
	go func() { // the operation blocks in responses; the handler also sends comments
		defer close(answers)
		for response := responses(ctx); response != nil; response = responses(ctx) {
			select {
			case answers <- encode(response): // here: the next response takes the memory of this one
			case <-ctx.Done(): // go on to the end, which lets go of the feed
			}
		}
	}()
	h.copy(out, answers, cancel)
	if out.err == nil {
		out.put([]byte("event: complete\ndata:\n\n"))
	}
}

// copy writes answers until there are no more. After a failed write it only waits for the operation's end.
func (h *handler) copy(out *eventStream, answers <-chan []byte, cancel context.CancelFunc) {
	keep := time.NewTicker(h.o.KeepAlive)
	defer keep.Stop()
	for {
		select {
		case response, ok := <-answers:
			if !ok {
				return
			}
			out.next(response)
		case <-keep.C:
			out.put([]byte(":\n\n"))
		}
		if out.err != nil {
			cancel()
		}
	}
}

type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	meter   *meter.GraphQL
	err     error // of a write; nothing more is written
}

// encode is the response on one line.
func encode(response any) []byte {
	body, err := json.Marshal(response)
	if err != nil {
		body = []byte(`{"errors":[{"message":"the answer cannot be written as JSON"}]}`)
	}
	return bytes.ReplaceAll(body, []byte("\n"), []byte(" ")) // a line break between tokens of a payload
}

func (s *eventStream) next(body []byte) {
	s.put(slices.Concat([]byte("event: next\ndata: "), body, []byte("\n\n")))
}

// piece is how much of an answer a client must take within the stall time.
const piece = 64 << 10

// put writes and flushes.
func (s *eventStream) put(text []byte) {
	for part := range slices.Chunk(text, piece) {
		s.write(part)
	}
}

// write writes a piece. One that takes longer than the stall time is cut by a deadline in the past.
func (s *eventStream) write(text []byte) {
	if s.err != nil {
		return
	}
	timer := time.AfterFunc(s.stall, func() {
		s.meter.Refuse("stall")
		_ = s.control.SetWriteDeadline(time.Unix(1, 0))
	})
	defer timer.Stop()
	if _, s.err = s.w.Write(text); s.err == nil {
		s.err = s.control.Flush()
	}
}
