package wire

import (
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/session"
)

// Cursor is c on the wire; the zero one is empty.
func Cursor(c pelton.Cursor) string {
	if !c.Valid() {
		return ""
	}
	return c.String()
}

// CursorOf is the inverse of [Cursor]; what is not a cursor is the zero one.
func CursorOf(text string) pelton.Cursor {
	c, err := pelton.ParseCursor(text)
	if err != nil {
		return pelton.Cursor{}
	}
	return c
}

// Snapshot is s on the wire, with the cursor to resume after it.
func Snapshot(s *pelton.Snapshot, cursor pelton.Cursor) *peltonv1.Snapshot {
	return &peltonv1.Snapshot{
		Session: s.Session, Key: s.Key, Epoch: s.Epoch, Id: s.ID, Seq: s.Seq, Payload: s.Payload,
		ContentType: s.ContentType, EffectId: s.EffectID, Time: Time(s.Time), Cursor: Cursor(cursor), Revision: int32(s.Revision), Reducer: int32(s.Reducer),
	}
}

// Snapshots is an encoding of which any run is a frame's.
var Snapshots = &session.Encoding{Append: func(dst []byte, e *api.Event) []byte {
	frame := &peltonv1.SessionServiceFollowResponse{Snapshots: []*peltonv1.Snapshot{Snapshot(e.Snapshot, e.Cursor)}}
	dst, err := proto.MarshalOptions{}.MarshalAppend(dst, frame)
	if err != nil {
		return nil // a string that is no UTF-8: who sends it as a message has the error
	}
	return dst
}}

// Run is a frame that was encoded as [Snapshots] before: as far as the message knows, in fields that it doesn't know.
func Run(run []byte) *peltonv1.SessionServiceFollowResponse {
	frame := new(peltonv1.SessionServiceFollowResponse)
	frame.ProtoReflect().SetUnknown(run)
	return frame
}

// SnapshotOf is the inverse of [Snapshot].
func SnapshotOf(s *peltonv1.Snapshot) *pelton.Snapshot {
	return &pelton.Snapshot{
		Session: s.GetSession(), Key: s.GetKey(), Epoch: s.GetEpoch(), ID: s.GetId(), Seq: s.GetSeq(),
		Payload: s.GetPayload(), ContentType: s.GetContentType(), EffectID: s.GetEffectId(), Time: TimeOf(s.GetTime()),
		Revision: int(s.GetRevision()), Reducer: int(s.GetReducer()),
	}
}

// Head is h on the wire.
func Head(h api.Head) *peltonv1.SessionHead {
	return &peltonv1.SessionHead{Key: h.Key, Epoch: h.Epoch, Id: h.ID, Time: Time(h.Time)}
}

// HeadOf is the inverse of [Head]; the name travels beside it.
func HeadOf(name string, h *peltonv1.SessionHead) api.Head {
	return api.Head{Name: name, Key: h.GetKey(), ID: h.GetId(), Epoch: h.GetEpoch(), Time: TimeOf(h.GetTime())}
}

// Follow is r on the wire.
func Follow(r api.FollowRequest) *peltonv1.SessionServiceFollowRequest {
	return &peltonv1.SessionServiceFollowRequest{
		Name: r.Name, Key: r.Key, Log: r.Log, From: peltonv1.From(r.From), After: r.After,
		OnGap: peltonv1.OnGap(r.OnGap + 1), Slow: peltonv1.Slow(r.Slow + 1),
		Keys: r.Keys, Prefix: r.Prefix, Coalesce: Duration(r.Coalesce),
	}
}

// FollowOf is the inverse of [Follow]. Enumerations are numbered alike, but for an unspecified zero; unknown numbers
// stay unknown, which the service refuses.
func FollowOf(r *peltonv1.SessionServiceFollowRequest) api.FollowRequest {
	return api.FollowRequest{
		Name: r.GetName(), Key: r.GetKey(), Log: r.GetLog(), From: api.From(clamp(int32(r.GetFrom()))), After: r.GetAfter(),
		OnGap: api.OnGap(clamp(max(int32(r.GetOnGap())-1, 0))), Slow: api.Slow(clamp(max(int32(r.GetSlow())-1, 0))),
		Keys: r.GetKeys(), Prefix: r.GetPrefix(), Coalesce: DurationOf(r.GetCoalesce()),
	}
}

// clamp keeps an unknown enumeration value from becoming a known one in fewer bits.
func clamp(n int32) uint8 {
	if n < 0 || n > 255 {
		return 255
	}
	return uint8(n)
}

// Hello is h on the wire.
func Hello(h api.Hello) *peltonv1.SessionServiceFollowResponse {
	return &peltonv1.SessionServiceFollowResponse{Hello: &peltonv1.Hello{
		Epoch: h.Epoch, Oldest: h.Oldest, Latest: h.Latest, Cursor: Cursor(h.Cursor),
	}}
}

// HelloOf is the inverse of [Hello].
func HelloOf(h *peltonv1.Hello) api.Hello {
	return api.Hello{Epoch: h.GetEpoch(), Oldest: h.GetOldest(), Latest: h.GetLatest(), Cursor: CursorOf(h.GetCursor())}
}

// frameBytes is how many bytes of payload go into one frame, unless a single snapshot has more: a frame stays below
// the 4 MiB that gRPC clients take by default.
const frameBytes = 1 << 20

// Frames turns events into frames and gives them to send, snapshots as many as fit together.
func Frames(events []api.Event, send func(*peltonv1.SessionServiceFollowResponse) error) error {
	for len(events) > 0 {
		frame, taken := first(events)
		if err := send(frame); err != nil {
			return err
		}
		events = events[taken:]
	}
	return nil
}

func first(events []api.Event) (frame *peltonv1.SessionServiceFollowResponse, taken int) {
	frame = &peltonv1.SessionServiceFollowResponse{}
	size := 0
	for i := range events {
		e := &events[i]
		if e.Kind != api.KindSnapshot {
			break
		}
		if size += len(e.Snapshot.Payload); i > 0 && size > frameBytes {
			break
		}
		frame.Snapshots = append(frame.Snapshots, Snapshot(e.Snapshot, e.Cursor))
	}
	if n := len(frame.GetSnapshots()); n > 0 {
		return frame, n
	}
	switch e := &events[0]; e.Kind {
	case api.KindGap:
		frame.Gap = &peltonv1.Gap{Reason: string(e.Gap.Reason), From: Cursor(e.Gap.From), To: Cursor(e.Gap.To)}
	case api.KindDeleted:
		frame.Deleted = &peltonv1.Deleted{Key: e.Key, Cursor: Cursor(e.Cursor)}
	default:
		frame.Closed = &peltonv1.Closed{Cursor: Cursor(e.Cursor), Final: e.Final}
	}
	return frame, 1
}

// Events is the inverse of [Frames]; a hello has none.
func Events(frame *peltonv1.SessionServiceFollowResponse) []api.Event {
	switch {
	case len(frame.GetSnapshots()) > 0:
		return Each(frame.GetSnapshots(), func(s *peltonv1.Snapshot) api.Event {
			return api.Event{Kind: api.KindSnapshot, Snapshot: SnapshotOf(s), Key: s.GetKey(), Cursor: CursorOf(s.GetCursor())}
		})
	case frame.GetGap() != nil:
		to := CursorOf(frame.GetGap().GetTo())
		gap := api.Gap{From: CursorOf(frame.GetGap().GetFrom()), To: to, Reason: session.Reason(frame.GetGap().GetReason())}
		return []api.Event{{Kind: api.KindGap, Gap: gap, Cursor: to}}
	case frame.GetDeleted() != nil:
		return []api.Event{{Kind: api.KindDeleted, Key: frame.GetDeleted().GetKey(), Cursor: CursorOf(frame.GetDeleted().GetCursor())}}
	case frame.GetClosed() != nil:
		return []api.Event{{Kind: api.KindClosed, Cursor: CursorOf(frame.GetClosed().GetCursor()), Final: frame.GetClosed().GetFinal()}}
	}
	return nil
}
