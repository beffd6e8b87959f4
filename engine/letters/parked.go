package letters

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

func parked(e *lot.Entry) api.Parked {
	due := e.Due
	if due.Equal(delivery.Never) {
		due = time.Time{}
	}
	return api.Parked{
		Origin: origin(e), ID: lot.ID(e.ID), Delivery: idText(e), Plugin: pluginName(e), Key: string(e.Key), Kind: string(e.Kind), Due: due,
		FirstSeen: e.First, Attempts: int(e.Attempt), Defers: int(e.Defers), Reason: e.Reason, Payload: e.Payload, Headers: e.Headers,
		Cursor: nextOf(e.At),
	}
}

func parkedWanted(q *api.ParkedQuery) func(*lot.Entry) bool {
	return func(e *lot.Entry) bool {
		return either(q.Plugin, pluginName(e)) && either(q.Kind, string(e.Kind)) && either(q.Key, string(e.Key))
	}
}

// Parked implements [api.Lot].
func (l *Letters) Parked(_ context.Context, q api.ParkedQuery) ([]api.Parked, string, error) {
	after, err := cursor(q.After)
	if err != nil {
		return nil, "", err
	}
	entries, next, err := lot.ParkedPage(l.store, after, limitOf(q.Limit), lot.Window{Since: q.Since, Until: q.Until}, parkedWanted(&q))
	if errors.Is(err, lot.ErrCursor) {
		return nil, "", api.Errorf(api.InvalidArgument, "page cursor %q: %v", q.After, err)
	}
	page := make([]api.Parked, 0, len(entries))
	for _, e := range entries {
		page = append(page, parked(e))
	}
	return page, nextOf(next), err
}

func (l *Letters) findParked(id string) (*lot.Entry, error) {
	e, err := lot.Parked(l.store, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.Errorf(api.NotFound, "no parked delivery %q; list them with: pelton parked list", id)
	}
	return e, err
}

// ParkedRecord implements [api.Lot].
func (l *Letters) ParkedRecord(_ context.Context, id string) (api.Parked, error) {
	e, err := l.findParked(id)
	if err != nil {
		return api.Parked{}, err
	}
	return parked(e), nil
}

// eachParked calls f for the parked deliveries that ids or, without any, a query select, page by page.
func (l *Letters) eachParked(ids []string, q api.ParkedQuery, f func(*lot.Entry) error) error {
	if len(ids) > 0 {
		return named(ids, l.findParked, f)
	}
	span := lot.Window{Since: q.Since, Until: q.Until}
	return eachPage(f, func(after string) ([]*lot.Entry, string, error) {
		return lot.ParkedPage(l.store, after, pageSize, span, parkedWanted(&q))
	})
}

// Release implements [api.Lot].
func (l *Letters) Release(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	return l.changeParked(ctx, ids, q, dryRun, func(e *lot.Entry) ([]store.Record, error) {
		return lot.Postpone(e, time.Now().UTC()), nil
	})
}

// DropParked implements [api.Lot].
func (l *Letters) DropParked(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	n, err := l.changeParked(ctx, ids, q, dryRun, func(e *lot.Entry) ([]store.Record, error) {
		return lot.Remove(l.store, e, l.lanes.Watermark(e.ID.Message.Lane))
	})
	if !dryRun {
		l.parked.Add(uint64(n))
	}
	return n, err
}

// changeParked changes those of the records that are in the lot; what is being offered at that moment is left alone, and
// so are records behind the head of their key, whose turn the order decides.
func (l *Letters) changeParked(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool, change func(*lot.Entry) ([]store.Record, error)) (int, error) {
	n := 0
	err := l.eachParked(ids, q, func(e *lot.Entry) error {
		switch {
		case e.Kind == delivery.KindBehind:
			return nil
		case dryRun:
			n++
			return nil
		}
		return l.lanes.Act(ctx, e, func(out func(pelton.EffectID) bool) ([]store.Record, error) {
			if out(e.ID) {
				return nil, nil
			}
			now, err := lot.Get(l.store, e.ID) // it may have been decided since it was chosen
			if errors.Is(err, store.ErrNotFound) || err == nil && now.Kind == delivery.KindBehind {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			n++
			return change(now)
		})
	})
	return n, err
}
