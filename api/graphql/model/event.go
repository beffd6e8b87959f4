package model

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// Event is one thing that a follower is told.
type Event interface{ IsEvent() }

// Hello tells where a follow begins.
type Hello struct {
	Epoch, Oldest, Latest uint64
	Cursor                string
}

// Snapshot is one numbered state of a session.
type Snapshot struct {
	Session, Key          string
	Epoch, ID, Seq        uint64
	Cursor                string
	Time                  time.Time
	ContentType, EffectID string
	Revision, Reducer     int
	Payload               json.RawMessage
	PayloadBase64         *string
}

// Gap says that snapshots are missing.
type Gap struct{ Reason, From, To string }

// Deleted says that a session was deleted.
type Deleted struct{ Key, Cursor string }

// Closed says that nothing follows.
type Closed struct {
	Cursor string
	Final  bool
}

// IsEvent makes it an [Event].
func (*Hello) IsEvent() {}

// IsEvent makes it an [Event].
func (*Snapshot) IsEvent() {}

// IsEvent makes it an [Event].
func (*Gap) IsEvent() {}

// IsEvent makes it an [Event].
func (*Deleted) IsEvent() {}

// IsEvent makes it an [Event].
func (*Closed) IsEvent() {}

func cursor(c pelton.Cursor) string {
	if !c.Valid() {
		return ""
	}
	return c.String()
}

// HelloOf is h as an event.
func HelloOf(h api.Hello) *Hello {
	return &Hello{Epoch: h.Epoch, Oldest: h.Oldest, Latest: h.Latest, Cursor: cursor(h.Cursor)}
}

// EventOf is e as an event.
func EventOf(e *api.Event) Event {
	switch e.Kind {
	case api.KindSnapshot:
		return SnapshotOf(e.Snapshot, e.Cursor)
	case api.KindGap:
		return &Gap{Reason: string(e.Gap.Reason), From: cursor(e.Gap.From), To: cursor(e.Gap.To)}
	case api.KindDeleted:
		return &Deleted{Key: e.Key, Cursor: cursor(e.Cursor)}
	}
	return &Closed{Cursor: cursor(e.Cursor), Final: e.Final}
}

// SnapshotOf is s with the cursor to follow after it.
func SnapshotOf(s *pelton.Snapshot, after pelton.Cursor) *Snapshot {
	out := &Snapshot{
		Session: s.Session, Key: s.Key, Epoch: s.Epoch, ID: s.ID, Seq: s.Seq, Cursor: cursor(after), Time: s.Time,
		ContentType: s.ContentType, EffectID: s.EffectID, Revision: s.Revision, Reducer: s.Reducer,
	}
	out.Payload, out.PayloadBase64 = body(s.Payload, s.ContentType)
	return out
}

func body(payload []byte, contentType string) (json.RawMessage, *string) {
	b := api.BodyOf(payload, contentType)
	if b.Payload != nil {
		return b.Payload, nil
	}
	text := base64.StdEncoding.EncodeToString(b.Base64)
	return nil, &text
}
