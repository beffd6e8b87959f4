package api

import (
	"encoding/json"
	"mime"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
)

// Body is a payload in JSON: as it is when it is JSON, else in base64.
type Body struct {
	Payload json.RawMessage `json:"payload,omitempty"`
	Base64  []byte          `json:"payload_base64,omitempty"`
}

// BodyOf is the payload's JSON shape. The result shares the payload's bytes.
func BodyOf(payload []byte, contentType string) Body {
	if IsJSON(contentType) && json.Valid(payload) {
		return Body{Payload: payload}
	}
	return Body{Base64: payload}
}

// Bytes is the inverse of [BodyOf].
func (b Body) Bytes() []byte {
	if b.Payload != nil {
		return b.Payload
	}
	return b.Base64
}

// IsJSON reports whether a content type is JSON. The empty one is.
func IsJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// Document is a snapshot's JSON shape, in `session show`, `session follow --json` and GET /v1/sessions/{name}/{key}.
type Document struct {
	Name  string    `json:"name"`
	Key   string    `json:"key"`
	Epoch uint64    `json:"epoch"`
	ID    uint64    `json:"id"`
	Time  time.Time `json:"time"`
	Body
}

// DocumentOf is the snapshot's JSON shape. It shares the payload's bytes.
func DocumentOf(s *pelton.Snapshot) Document {
	return Document{Name: s.Session, Key: s.Key, Epoch: s.Epoch, ID: s.ID, Time: s.Time, Body: BodyOf(s.Payload, s.ContentType)}
}

// Head is a row of `session list NAME` and GET /v1/sessions/{name}.
type Head struct {
	Name  string    `json:"name"`
	Key   string    `json:"key"`
	ID    uint64    `json:"id"`
	Epoch uint64    `json:"epoch"`
	Time  time.Time `json:"time"`
}

// MarshalJSON gives the shape of `dead show --json`.
func (d DeadLetter) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID          string `json:"id"`
		Delivery    string `json:"delivery"`
		Kind        string `json:"kind"`
		Plugin      string `json:"plugin,omitempty"`
		Target      string `json:"target,omitempty"`
		State       string `json:"state"`
		Key         string `json:"key"`
		ContentType string `json:"content_type,omitempty"`
		Failure
		Replays int `json:"replays"`
		Origin
		Headers []pelton.Header `json:"headers,omitempty"`
		Body
	}{
		d.ID, d.Delivery, d.Kind, d.Plugin, d.Target, d.State, d.Key, d.ContentType,
		d.Failure, d.Replays, d.Origin, d.Headers, BodyOf(d.Payload, d.ContentType),
	})
}

// MarshalJSON gives the shape of `parked show --json`.
func (p Parked) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID        string    `json:"id"`
		Delivery  string    `json:"delivery"`
		Plugin    string    `json:"plugin"`
		Kind      string    `json:"kind"`
		Due       time.Time `json:"due,omitzero"`
		Key       string    `json:"key"`
		Attempts  int       `json:"attempts"`
		Defers    int       `json:"defers"`
		Reason    string    `json:"reason,omitempty"`
		FirstSeen time.Time `json:"first_seen,omitzero"`
		Origin
		Headers []pelton.Header `json:"headers,omitempty"`
		Body
	}{
		p.ID, p.Delivery, p.Plugin, p.Kind, p.Due, p.Key, p.Attempts, p.Defers, p.Reason, p.FirstSeen,
		p.Origin, p.Headers, BodyOf(p.Payload, ""),
	})
}
