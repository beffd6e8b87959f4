package sse

import (
	"encoding/json"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/event"
	"github.com/peltonhq/pelton/session"
)

// stream writes what a follower is told.
type stream struct {
	*event.Writer
	as *session.Encoding
}

// texts are snapshots as they are sent through net/http.
var texts = &session.Encoding{Append: func(dst []byte, e *api.Event) []byte {
	return event.Append(dst, false, "snapshot", cursorText(e.Cursor), dataOf(e))
}}

// chunks are snapshots as they are sent where the stream writes to the connection itself.
var chunks = &session.Encoding{Append: func(dst []byte, e *api.Event) []byte {
	from := len(dst)
	return event.Chunk(event.Append(dst, false, "snapshot", cursorText(e.Cursor), dataOf(e)), from)
}}

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
		s.write("snapshot", e.Cursor, dataOf(e))
	case api.KindGap:
		s.write("gap", e.Cursor, mustJSON(map[string]string{
			"reason": string(e.Gap.Reason), "from": cursorText(e.Gap.From), "to": cursorText(e.Gap.To),
		}))
	case api.KindDeleted:
		s.write("deleted", e.Cursor, mustJSON(map[string]string{"key": e.Key}))
	case api.KindClosed:
		if !e.Final {
			s.Retry(reconnect)
		}
		s.write("closed", e.Cursor, mustJSON(map[string]any{"cursor": cursorText(e.Cursor), "final": e.Final}))
	}
}

// reconnect is how long a client waits that was let go because the server shuts down.
const reconnect = time.Second

// dataOf is the data of a snapshot. In the log of a name it says whose it is.
func dataOf(e *api.Event) []byte {
	if e.Cursor.Log {
		return mustJSON(api.DocumentOf(e.Snapshot))
	}
	if body := api.BodyOf(e.Snapshot.Payload, e.Snapshot.ContentType); body.Payload != nil {
		return body.Payload
	}
	return mustJSON(map[string]any{"payload_base64": e.Snapshot.Payload, "content_type": e.Snapshot.ContentType})
}

// fail is the last event. It has no id: what was read stays the place to resume.
func (s *stream) fail(e *api.Error) { s.write("error", pelton.Cursor{}, mustJSON(e.Body())) }

func (s *stream) write(name string, id pelton.Cursor, data []byte) {
	s.Write(name, cursorText(id), data)
}

func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic("sse: " + err.Error()) // strings, numbers and valid JSON always marshal
	}
	return body
}
