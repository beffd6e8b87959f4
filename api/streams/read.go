package streams

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
)

// head tells of a stream without reading it, which is no use of it.
func (h handler) head(rq request) error {
	page, err := h.svc.ReadStream(rq.Context(), api.StreamRead{Name: rq.name, Key: rq.key, From: api.FromNow})
	if err != nil {
		return err
	}
	header := rq.w.Header()
	header.Set("Content-Type", page.Stream.ContentType)
	header.Set("Cache-Control", "no-store")
	header.Set(headerNext, offsetOf(page.Next))
	if page.Stream.Closed {
		header.Set(headerClosed, "true")
	}
	rq.expiry(&page.Stream)
	rq.w.WriteHeader(http.StatusOK)
	return nil
}

func (h handler) get(rq request) error {
	s, err := startOf(rq.URL.Query())
	if err != nil {
		return err
	}
	read := h.svc.ReadStream
	if s.live != "" {
		read = h.svc.FollowStream
	}
	page, err := read(rq.Context(), api.StreamRead{Name: rq.name, Key: rq.key, From: s.from, After: s.after, Use: true})
	if err != nil {
		return err
	}
	switch s.live {
	case longPoll:
		return h.poll(rq, s, page)
	case events:
		return h.follow(rq, s, page)
	}
	return h.page(rq, s, page)
}

// page answers with what is there.
func (h handler) page(rq request, s start, page session.Page) error {
	header := rq.w.Header()
	rq.place(&page)
	header.Set("Content-Type", page.Stream.ContentType)
	if s.live == "" && s.from == api.FromNow {
		header.Set("Cache-Control", "no-store")
	} else {
		tag := tagOf(&page)
		header.Set("ETag", tag)
		header.Set("Cache-Control", "private, no-cache") // kept, but asked for again: the tag spares the body
		if matches(rq.Header.Get("If-None-Match"), tag) {
			rq.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	rq.w.WriteHeader(http.StatusOK)
	_, _ = rq.w.Write(join(&page.Stream, page.Snapshots)) // a client that is gone needs no answer
	return nil
}

// place sets where the read ends.
func (rq request) place(page *session.Page) {
	header := rq.w.Header()
	header.Set(headerNext, offsetOf(page.Next))
	if page.Current {
		header.Set(headerCurrent, "true")
		if page.Stream.Closed {
			header.Set(headerClosed, "true")
		}
	}
}

// tagOf names what a read gives: its place, and whether that is the end for good.
func tagOf(page *session.Page) string {
	tag := offsetOf(page.Hello.Cursor) + ":" + offsetOf(page.Next)
	if page.Current && page.Stream.Closed {
		tag += ":c"
	}
	return `"` + tag + `"`
}

func matches(header, tag string) bool {
	for word := range strings.SplitSeq(header, ",") {
		word = strings.TrimPrefix(strings.TrimSpace(word), "W/")
		if word == tag || word == "*" {
			return true
		}
	}
	return false
}

// join is the body of a read: bytes one after another, JSON messages as a list.
func join(st *stream.Stream, snaps []*pelton.Snapshot) []byte {
	size := 2 + len(snaps)
	for _, snap := range snaps {
		size += len(snap.Payload)
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	if !st.JSON() {
		for _, snap := range snaps {
			b.Write(snap.Payload)
		}
		return b.Bytes()
	}
	b.WriteByte('[')
	for i, snap := range snaps {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(message(snap))
	}
	b.WriteByte(']')
	return b.Bytes()
}

// message is a snapshot as one JSON message. In a session that the wheel writes one may be something else.
func message(snap *pelton.Snapshot) []byte {
	if body := api.BodyOf(snap.Payload, snap.ContentType); body.Payload != nil {
		return body.Payload
	}
	text, err := json.Marshal(map[string]any{"payload_base64": snap.Payload, "content_type": snap.ContentType})
	if err != nil {
		panic("streams: " + err.Error()) // strings always marshal
	}
	return text
}
