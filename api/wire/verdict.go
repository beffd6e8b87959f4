package wire

import (
	"github.com/peltonhq/pelton"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

// Verdict is v on the wire. The two number their decisions alike.
func Verdict(v pelton.Verdict) *peltonv1.Verdict {
	return &peltonv1.Verdict{
		Decision: peltonv1.Decision(v.Decision), After: Duration(v.After), Until: Time(v.Until), Reason: v.Reason, Pass: v.Pass,
	}
}

// VerdictOf is the inverse of [Verdict]. A decision that is unknown stays invalid.
func VerdictOf(v *peltonv1.Verdict) pelton.Verdict {
	decision := pelton.DecisionNone
	if _, known := peltonv1.Decision_name[int32(v.GetDecision())]; known {
		decision = pelton.Decision(v.GetDecision())
	}
	return pelton.Verdict{
		Decision: decision, After: DurationOf(v.GetAfter()), Until: TimeOf(v.GetUntil()), Reason: v.GetReason(), Pass: v.GetPass(),
	}
}

// Emit is e on the wire.
func Emit(e pelton.Emit) *peltonv1.Emit {
	return &peltonv1.Emit{Output: e.Output, Key: e.Key, Payload: e.Payload, ContentType: e.ContentType}
}

// EmitOf is the inverse of [Emit].
func EmitOf(e *peltonv1.Emit) pelton.Emit {
	return pelton.Emit{Output: e.GetOutput(), Key: e.GetKey(), Payload: e.GetPayload(), ContentType: e.GetContentType()}
}
