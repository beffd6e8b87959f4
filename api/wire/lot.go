package wire

import (
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

func origin(o api.Origin) *peltonv1.Origin {
	return &peltonv1.Origin{Source: o.Source, Incarnation: o.Incarnation, Lane: o.Lane, Position: o.Position, Trace: o.Trace}
}

func originOf(o *peltonv1.Origin) api.Origin {
	return api.Origin{
		Source: o.GetSource(), Incarnation: o.GetIncarnation(), Lane: o.GetLane(), Position: o.GetPosition(), Trace: o.GetTrace(),
	}
}

// DeadLetter is d on the wire.
func DeadLetter(d api.DeadLetter) *peltonv1.DeadLetter {
	return &peltonv1.DeadLetter{
		Id: d.ID, Delivery: d.Delivery, Kind: d.Kind, Plugin: d.Plugin, Target: d.Target, Origin: origin(d.Origin),
		Key: d.Key, Payload: d.Payload, ContentType: d.ContentType, Headers: Each(d.Headers, Header),
		Attempts: int32(d.Attempts), Reason: d.Reason, State: d.State, FirstFailure: Time(d.First),
		LastFailure: Time(d.Last), Revision: int32(d.Revision), Digest: d.Digest, Replays: int32(d.Replays), Cursor: d.Cursor,
	}
}

// DeadLetterOf is the inverse of [DeadLetter].
func DeadLetterOf(d *peltonv1.DeadLetter) api.DeadLetter {
	return api.DeadLetter{
		ID: d.GetId(), Delivery: d.GetDelivery(), Kind: d.GetKind(), Plugin: d.GetPlugin(), Target: d.GetTarget(),
		Origin: originOf(d.GetOrigin()), Key: d.GetKey(), Payload: d.GetPayload(), ContentType: d.GetContentType(),
		Headers: Each(d.GetHeaders(), HeaderOf), State: d.GetState(), Replays: int(d.GetReplays()), Cursor: d.GetCursor(),
		Failure: api.Failure{
			Attempts: int(d.GetAttempts()), Reason: d.GetReason(), Revision: int(d.GetRevision()), Digest: d.GetDigest(),
			First: TimeOf(d.GetFirstFailure()), Last: TimeOf(d.GetLastFailure()),
		},
	}
}

// DeadFilter is q's filter on the wire; After and Limit travel beside it.
func DeadFilter(q api.DeadQuery) *peltonv1.DeadFilter {
	return &peltonv1.DeadFilter{
		Plugin: q.Plugin, Reason: q.Reason, Kind: q.Kind, State: q.State, Source: q.Source, Since: Time(q.Since), Until: Time(q.Until),
	}
}

// DeadQueryOf is the inverse of [DeadFilter], with After and Limit.
func DeadQueryOf(f *peltonv1.DeadFilter, after string, limit int32) api.DeadQuery {
	return api.DeadQuery{
		Plugin: f.GetPlugin(), Reason: f.GetReason(), Kind: f.GetKind(), State: f.GetState(), Source: f.GetSource(), Since: TimeOf(f.GetSince()), Until: TimeOf(f.GetUntil()),
		After: after, Limit: int(limit),
	}
}

// Skipped is s on the wire.
func Skipped(s api.Skipped) *peltonv1.Skipped { return &peltonv1.Skipped{Id: s.ID, Reason: s.Reason} }

// SkippedOf is the inverse of [Skipped].
func SkippedOf(s *peltonv1.Skipped) api.Skipped {
	return api.Skipped{ID: s.GetId(), Reason: s.GetReason()}
}

// Parked is p on the wire.
func Parked(p api.Parked) *peltonv1.Parked {
	return &peltonv1.Parked{
		Id: p.ID, Delivery: p.Delivery, Plugin: p.Plugin, Key: p.Key, Kind: p.Kind, Due: Time(p.Due),
		FirstSeen: Time(p.FirstSeen), Attempts: int32(p.Attempts), Defers: int32(p.Defers), Reason: p.Reason,
		Payload: p.Payload, Headers: Each(p.Headers, Header), Origin: origin(p.Origin), Cursor: p.Cursor,
	}
}

// ParkedOf is the inverse of [Parked].
func ParkedOf(p *peltonv1.Parked) api.Parked {
	return api.Parked{
		ID: p.GetId(), Delivery: p.GetDelivery(), Plugin: p.GetPlugin(), Key: p.GetKey(), Kind: p.GetKind(),
		Due: TimeOf(p.GetDue()), FirstSeen: TimeOf(p.GetFirstSeen()), Attempts: int(p.GetAttempts()),
		Defers: int(p.GetDefers()), Reason: p.GetReason(), Payload: p.GetPayload(),
		Headers: Each(p.GetHeaders(), HeaderOf), Origin: originOf(p.GetOrigin()), Cursor: p.GetCursor(),
	}
}

// ParkedFilter is q's filter on the wire; After and Limit travel beside it.
func ParkedFilter(q api.ParkedQuery) *peltonv1.ParkedFilter {
	return &peltonv1.ParkedFilter{Plugin: q.Plugin, Kind: q.Kind, Key: q.Key, Since: Time(q.Since), Until: Time(q.Until)}
}

// ParkedQueryOf is the inverse of [ParkedFilter], with After and Limit.
func ParkedQueryOf(f *peltonv1.ParkedFilter, after string, limit int32) api.ParkedQuery {
	return api.ParkedQuery{
		Plugin: f.GetPlugin(), Kind: f.GetKind(), Key: f.GetKey(), Since: TimeOf(f.GetSince()), Until: TimeOf(f.GetUntil()),
		After: after, Limit: int(limit),
	}
}

// IngestMessage is m on the wire.
func IngestMessage(m api.IngestMessage) *peltonv1.IngestMessage {
	return &peltonv1.IngestMessage{
		Key: m.Key, Payload: m.Payload, ContentType: m.ContentType, Headers: Each(m.Headers, Header), Time: Time(m.Time),
		IdempotencyKey: m.IdempotencyKey,
	}
}

// IngestMessageOf is the inverse of [IngestMessage].
func IngestMessageOf(m *peltonv1.IngestMessage) api.IngestMessage {
	return api.IngestMessage{
		Key: m.GetKey(), Payload: m.GetPayload(), ContentType: m.GetContentType(), Headers: Each(m.GetHeaders(), HeaderOf),
		Time: TimeOf(m.GetTime()), IdempotencyKey: m.GetIdempotencyKey(),
	}
}
