package wire

import (
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/internal/tap"
)

// Tap is r on the wire.
func Tap(r api.TapRequest) *peltonv1.WheelServiceTapRequest {
	return &peltonv1.WheelServiceTapRequest{Node: r.Node, Key: r.Key, Rate: r.Rate, Limit: r.Limit, Payload: uint64(max(0, r.Payload))}
}

// TapOf is the inverse of [Tap].
func TapOf(r *peltonv1.WheelServiceTapRequest) api.TapRequest {
	const most = 1 << 30
	return api.TapRequest{Node: r.GetNode(), Key: r.GetKey(), Rate: r.GetRate(), Limit: r.GetLimit(), Payload: int(min(r.GetPayload(), most))}
}

// TapFrame is f on the wire.
func TapFrame(f api.TapFrame) *peltonv1.WheelServiceTapResponse {
	return &peltonv1.WheelServiceTapResponse{Node: f.Node, Samples: Each(f.Samples, tapped), Counts: counts(f.Counts)}
}

// TapFrameOf is the inverse of [TapFrame].
func TapFrameOf(f *peltonv1.WheelServiceTapResponse) api.TapFrame {
	return api.TapFrame{Node: f.GetNode(), Samples: Each(f.GetSamples(), tappedOf), Counts: countsOf(f.GetCounts())}
}

func counts(c tap.Counts) *peltonv1.TapCounts {
	return &peltonv1.TapCounts{Taken: c.Taken, Limited: c.Limited, Full: c.Full}
}

func countsOf(c *peltonv1.TapCounts) tap.Counts {
	return tap.Counts{Taken: c.GetTaken(), Limited: c.GetLimited(), Full: c.GetFull()}
}

func taps(s api.TapStats) *peltonv1.TapStats {
	return &peltonv1.TapStats{Open: int32(s.Open), Counts: counts(s.Counts)}
}

func tapsOf(s *peltonv1.TapStats) api.TapStats {
	return api.TapStats{Open: int(s.GetOpen()), Counts: countsOf(s.GetCounts())}
}

func tapped(s tap.Sample) *peltonv1.TapSample {
	return &peltonv1.TapSample{
		Id: s.ID, Seen: Time(s.Seen), Time: Time(s.Time), Key: key(s.HasKey, s.Key), Headers: Each(s.Headers, Header),
		Payload: s.Payload, Size: uint64(s.Size), Decided: decided(s.Decided),
	}
}

func tappedOf(s *peltonv1.TapSample) tap.Sample {
	return tap.Sample{
		ID: s.GetId(), Seen: TimeOf(s.GetSeen()), Time: TimeOf(s.GetTime()), HasKey: s.Key != nil, Key: s.GetKey(),
		Headers: Each(s.GetHeaders(), HeaderOf), Payload: s.GetPayload(), Size: int(s.GetSize()), Decided: decidedOf(s.GetDecided()),
	}
}

// key is nil on the wire when there is none, and there when it is empty.
func key(has bool, k []byte) []byte {
	if has && k == nil {
		return []byte{}
	}
	return k
}

func decided(d *tap.Decided) *peltonv1.TapDecision {
	if d == nil {
		return nil
	}
	return &peltonv1.TapDecision{
		Verdict: d.Verdict, Reason: d.Reason, After: Duration(d.After), Until: Time(d.Until), Fault: d.Fault, Attempt: d.Attempt,
		Revision: int32(d.Revision), Emits: Each(d.Emits, emitted), Took: Duration(d.Took), Turn: int32(d.Turn),
	}
}

func decidedOf(d *peltonv1.TapDecision) *tap.Decided {
	if d == nil {
		return nil
	}
	return &tap.Decided{
		Verdict: d.GetVerdict(), Reason: d.GetReason(), After: DurationOf(d.GetAfter()), Until: TimeOf(d.GetUntil()), Fault: d.GetFault(),
		Attempt: d.GetAttempt(), Revision: int(d.GetRevision()), Emits: Each(d.GetEmits(), emittedOf), Took: DurationOf(d.GetTook()),
		Turn: int(d.GetTurn()),
	}
}

func emitted(e tap.Emit) *peltonv1.TapEmit {
	return &peltonv1.TapEmit{Output: e.Output, Key: key(e.HasKey, e.Key), Payload: e.Payload, Size: uint64(e.Size)}
}

func emittedOf(e *peltonv1.TapEmit) tap.Emit {
	return tap.Emit{Output: e.GetOutput(), HasKey: e.Key != nil, Key: e.GetKey(), Payload: e.GetPayload(), Size: int(e.GetSize())}
}
