package pelton

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Snapshot is one numbered state of a session; owned (S3). Ids within an epoch are 1, 2, 3 …
type Snapshot struct {
	Session     string // name in the config
	Key         string
	Epoch       uint64 // changes when the session is deleted and comes back; below 2^53
	ID          uint64
	Seq         uint64 // position in the log of the session name
	Payload     []byte
	ContentType string
	EffectID    string // the effect that made it
	Revision    int    // of the plugin that emitted it; 0 when none did
	Reducer     int    // revision of the reducer that folded it; 0 when none did
	Time        time.Time
}

// Cursor is the snapshot's place: following after it continues with the next one.
func (s *Snapshot) Cursor() Cursor { return Cursor{Epoch: s.Epoch, ID: s.ID} }

// LogCursor is the snapshot's place in the log of its session name.
func (s *Snapshot) LogCursor(epoch uint64) Cursor { return Cursor{Epoch: epoch, ID: s.Seq, Log: true} }

// Cursor is a place in a session, exclusive: "after". A cursor of one key is "epoch:id"; a cursor of a whole
// session name's log is "@epoch:seq". The two kinds are never interchangeable. ID 0 is before the first.
type Cursor struct {
	Epoch uint64
	ID    uint64
	Log   bool
}

// Valid reports whether the cursor has an epoch; the zero Cursor has none.
func (c Cursor) Valid() bool { return c.Epoch != 0 }

// String is "epoch:id", or "@epoch:seq" for a log cursor.
func (c Cursor) String() string {
	s := strconv.FormatUint(c.Epoch, 10) + ":" + strconv.FormatUint(c.ID, 10)
	if c.Log {
		return "@" + s
	}
	return s
}

// ParseCursor is the inverse of [Cursor.String].
func ParseCursor(s string) (Cursor, error) {
	rest, log := strings.CutPrefix(s, "@")
	epoch, id, ok := strings.Cut(rest, ":")
	e, errEpoch := strconv.ParseUint(epoch, 10, 64)
	n, errID := strconv.ParseUint(id, 10, 64)
	c := Cursor{Epoch: e, ID: n, Log: log}
	if !ok || errEpoch != nil || errID != nil || !c.Valid() || c.String() != s {
		return Cursor{}, fmt.Errorf("cursor %q: want epoch:id (for example 1764000000000000:42), or @epoch:seq for a whole session name", s)
	}
	return c, nil
}
