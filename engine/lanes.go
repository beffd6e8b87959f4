package engine

import (
	"context"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/engine/letters"
	"github.com/peltonhq/pelton/store"
)

// lanes is the wheel as [letters.Lanes].
type lanes struct{ *wheel }

var _ letters.Lanes = lanes{}

// Act implements [letters.Lanes]: in the lane's loop if it is open, else in the store.
func (w lanes) Act(ctx context.Context, e *lot.Entry, change func(out func(pelton.EffectID) bool) ([]store.Record, error)) error {
	lane := e.ID.Message.Lane
	if l := w.lane(lane); l != nil {
		return l.Act(ctx, change)
	}
	records, err := change(func(pelton.EffectID) bool { return false })
	if err != nil || len(records) == 0 {
		return err
	}
	token, err := w.store.Claim(ctx, "lane/"+lane.Source+"/"+lane.Lane)
	if err != nil {
		return err
	}
	if _, err = w.store.Append(ctx, token, records); err != nil {
		return err
	}
	if f := w.now().feed(lane.Source); f != nil {
		return f.RestAgain(ctx, lane)
	}
	return nil
}

// Watermark implements [letters.Lanes].
func (w lanes) Watermark(id pelton.LaneID) uint64 {
	if open := w.lane(id); open != nil {
		return open.Stats().Watermark
	}
	return 0
}
