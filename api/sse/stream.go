package sse

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// flushBytes is how much is gathered before it is written although more of the same batch comes.
const flushBytes = 64 << 10

// stream writes events. Nothing reaches the client before flush, so a batch of events costs one write.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	log     bool
	buf     bytes.Buffer
	err     error // of a write; nothing more is written
}

// open answers 200 before anything can fail: EventSource hides every other answer.
func (s *stream) open() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	s.w.WriteHeader(http.StatusOK)
}

func cursorText(c pelton.Cursor) string {
	if !c.Valid() {
		return ""
	}
	return c.String()
}

func (s *stream) hello(h api.Hello) {
	s.write("hello", h.Cursor, mustJSON(map[string]any{
		"epoch": h.Epoch, "oldest": h.Oldest, "latest": h.Latest, "cursor": cursorText(h.Cursor),
	}))
}

func (s *stream) event(e *api.Event) {
	switch e.Kind {
	case api.KindSnapshot:
		s.snapshot(e)
	case api.KindGap:
		s.write("gap", e.Cursor, mustJSON(map[string]string{
			"reason": string(e.Gap.Reason), "from": cursorText(e.Gap.From), "to": cursorText(e.Gap.To),
		}))
	case api.KindDeleted:
		s.write("deleted", e.Cursor, mustJSON(map[string]string{"key": e.Key}))
	case api.KindClosed:
		s.write("closed", e.Cursor, mustJSON(map[string]string{"cursor": cursorText(e.Cursor)}))
	}
	if s.buf.Len() >= flushBytes {
		_ = s.flush() // the error stays, the next flush tells it
	}
}

func (s *stream) snapshot(e *api.Event) {
	body := api.BodyOf(e.Snapshot.Payload, e.Snapshot.ContentType)
	switch {
	case s.log:
		s.write("snapshot", e.Cursor, mustJSON(api.DocumentOf(e.Snapshot)))
	case body.Payload != nil:
		s.write("snapshot", e.Cursor, body.Payload)
	default:
		s.write("snapshot", e.Cursor, mustJSON(map[string]any{
			"payload_base64": e.Snapshot.Payload, "content_type": e.Snapshot.ContentType,
		}))
	}
}

// fail is the last event. It has no id: what was read stays the place to resume.
func (s *stream) fail(e *api.Error) { s.write("error", pelton.Cursor{}, mustJSON(e.Body())) }

func (s *stream) comment() { s.buf.WriteString(":\n\n") }

// write adds one event. Data is JSON; a line break in it, which only separates tokens, begins another data line.
func (s *stream) write(event string, id pelton.Cursor, data []byte) {
	b := &s.buf
	b.WriteString("event: ")
	b.WriteString(event)
	if id.Valid() {
		b.WriteString("\nid: ")
		b.WriteString(id.String())
	}
	for line := range bytes.SplitSeq(bytes.ReplaceAll(data, []byte("\r"), []byte("\n")), []byte("\n")) {
		b.WriteString("\ndata: ")
		b.Write(line)
	}
	b.WriteString("\n\n")
}

// flush writes what was gathered. A write that takes longer than the stall time is cut by a deadline in the past; it
// is set only then, because moving a deadline costs a system call each time.
func (s *stream) flush() error {
	if s.err != nil || s.buf.Len() == 0 {
		return s.err
	}
	timer := time.AfterFunc(s.stall, func() { _ = s.control.SetWriteDeadline(time.Unix(1, 0)) })
	defer timer.Stop()
	if _, s.err = s.w.Write(s.buf.Bytes()); s.err == nil {
		s.err = s.control.Flush()
	}
	s.buf.Reset()
	return s.err
}

func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic("sse: " + err.Error()) // strings, numbers and valid JSON always marshal
	}
	return body
}
