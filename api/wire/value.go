package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/peltonhq/pelton"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

// Time is t on the wire; the zero time is unset.
func Time(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// TimeOf is the inverse of [Time], in UTC.
func TimeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// Duration is d on the wire; zero is unset.
func Duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// DurationOf is the inverse of [Duration].
func DurationOf(d *durationpb.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.AsDuration()
}

// Each converts a slice; nil stays nil.
func Each[A, B any](in []A, convert func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}

// Header is one header on the wire.
func Header(h pelton.Header) *peltonv1.Header {
	return &peltonv1.Header{Name: h.Name, Value: h.Value}
}

// HeaderOf is the inverse of [Header].
func HeaderOf(h *peltonv1.Header) pelton.Header {
	return pelton.Header{Name: h.GetName(), Value: h.GetValue()}
}
