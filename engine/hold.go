package engine

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
)

func decisionOf(v pelton.Verdict, emits []pelton.Emit) delivery.Decision {
	return delivery.Decision{Verdict: v, Emits: emits, Time: time.Now().UTC()}
}

// settle ends a held delivery by its token, "delivery/attempt", in whatever lane it was.
func (w *wheel) settle(ctx context.Context, token string, d delivery.Decision) error {
	id, attempt, err := delivery.ParseToken(token)
	if err != nil {
		return api.Errorf(api.InvalidArgument, "%v", err)
	}
	l := w.lane(id.Message.Lane)
	if l == nil {
		return api.Errorf(api.FailedPrecondition, "token %s: lane %s is not open", token, id.Message.Lane)
	}
	err = l.Settle(ctx, id, attempt, d)
	if errors.Is(err, loop.ErrNotHeld) {
		return api.Errorf(api.FailedPrecondition, "%v: it was settled, its lease ended, or a newer attempt took its place", err)
	}
	if errors.Is(err, loop.ErrClosed) {
		return api.Errorf(api.Unavailable, "token %s: lane %s is being opened again: try again", token, id.Message.Lane)
	}
	return err
}

// Extend implements [api.Deliveries].
func (d deliveries) Extend(ctx context.Context, token string, lease time.Duration) error {
	id, attempt, err := delivery.ParseToken(token)
	if err != nil {
		return api.Errorf(api.InvalidArgument, "%v", err)
	}
	l := d.lane(id.Message.Lane)
	if l == nil {
		return api.Errorf(api.FailedPrecondition, "token %s: lane %s is not open", token, id.Message.Lane)
	}
	return l.Act(ctx, func(out func(pelton.EffectID) bool) ([]store.Record, error) {
		e, err := lot.Get(d.store, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && (out(id) || e.Kind != delivery.KindHold || e.Attempt != attempt) {
			return nil, api.Errorf(api.FailedPrecondition, "token %s holds no delivery: it was settled, its lease ended, or a newer attempt took its place", token)
		}
		if err != nil {
			return nil, err
		}
		return lot.Postpone(e, time.Now().UTC().Add(lease)), nil
	})
}
