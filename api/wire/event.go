package wire

import (
	"github.com/peltonhq/pelton/api/delta"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

// WheelEvent is e on the wire.
func WheelEvent(e delta.Event) *peltonv1.WheelEvent {
	return &peltonv1.WheelEvent{
		Seq: e.Seq, Time: Time(e.Time), Kind: e.Kind, Level: e.Level, Source: e.Source, Plugin: e.Plugin, Revision: int32(e.Revision), Text: e.Text,
	}
}

// WheelEventOf is the inverse of [WheelEvent].
func WheelEventOf(e *peltonv1.WheelEvent) delta.Event {
	return delta.Event{
		Seq: e.GetSeq(), Time: TimeOf(e.GetTime()), Kind: e.GetKind(), Level: e.GetLevel(), Source: e.GetSource(), Plugin: e.GetPlugin(),
		Revision: int(e.GetRevision()), Text: e.GetText(),
	}
}
