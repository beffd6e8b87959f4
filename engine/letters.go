package engine

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// letters is the wheel as [api.Lot]. What changes a lane's records goes through that lane's loop, which knows what is
// out of the lot; records of lanes that are not open are changed in the store.
type letters struct{ *wheel }

var _ api.Lot = letters{}

// pageSize is the size of a page whose limit is 0.
const pageSize = 100

func limitOf(n int) int {
	if n <= 0 {
		return pageSize
	}
	return n
}

func cursor(after string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return "", api.Errorf(api.InvalidArgument, "page cursor %q is malformed: give the one of the page before", after)
	}
	return string(raw), nil
}

func nextOf(next string) string { return base64.RawURLEncoding.EncodeToString([]byte(next)) }

// Dead implements [api.Lot].
func (l letters) Dead(_ context.Context, q api.DeadQuery) ([]api.DeadLetter, string, error) {
	after, err := cursor(q.After)
	if err != nil {
		return nil, "", err
	}
	entries, next, err := lot.Page(l.store, after, limitOf(q.Limit), func(e *lot.Entry) bool { return l.wanted(e, &q) })
	page := make([]api.DeadLetter, 0, len(entries))
	for _, e := range entries {
		page = append(page, l.letter(e))
	}
	return page, nextOf(next), err
}

func (l letters) wanted(e *lot.Entry, q *api.DeadQuery) bool {
	return (q.Plugin == "" || q.Plugin == pluginName(e)) && strings.Contains(e.Reason, q.Reason) && within(e.Failed, q.Since, q.Until)
}

func within(t, since, until time.Time) bool {
	return !t.Before(since) && (until.IsZero() || t.Before(until))
}

// pluginName is the plugin whose delivery it was, or that made the emit.
func pluginName(e *lot.Entry) string {
	if e.ID.Target.Kind == pelton.TargetPlugin {
		return e.ID.Target.Name
	}
	name := ""
	for plugin := range e.ID.Message.Edges() {
		name = plugin
	}
	return name
}

func origin(e *lot.Entry) api.Origin {
	lane := e.ID.Message.Lane
	return api.Origin{Source: lane.Source, Incarnation: lane.Incarnation, Lane: lane.Lane, Position: e.ID.Message.Position, Trace: e.Trace}
}

func idText(e *lot.Entry) string {
	if !e.ID.Target.Valid() {
		return e.ID.Message.String()
	}
	return e.ID.String()
}

func (l letters) letter(e *lot.Entry) api.DeadLetter {
	d := api.DeadLetter{
		Origin:  origin(e),
		Failure: api.Failure{Attempts: int(e.Attempt), Reason: e.Reason, Revision: e.Revision, First: e.First, Last: e.Failed},
		ID:      lot.ID(e.ID), Delivery: idText(e), Kind: string(e.Kind), Plugin: pluginName(e), Key: string(e.Key), Payload: e.Payload,
		ContentType: e.ContentType, Headers: e.Headers, State: string(e.State), Replays: e.Replays,
	}
	if e.Kind == delivery.KindEmit {
		d.Target = e.ID.Target.String()
	}
	return d
}

func (l letters) find(id string) (*lot.Entry, error) {
	e, err := lot.Letter(l.store, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.Errorf(api.NotFound, "no dead letter %q; list them with: pelton dead list", id)
	}
	return e, err
}

// DeadLetter implements [api.Lot].
func (l letters) DeadLetter(_ context.Context, id string) (api.DeadLetter, error) {
	e, err := l.find(id)
	if err != nil {
		return api.DeadLetter{}, err
	}
	return l.letter(e), nil
}

// chosen are the dead letters that ids or, without any, a query select.
func (l letters) chosen(ids []string, q api.DeadQuery) ([]*lot.Entry, error) {
	if len(ids) == 0 {
		entries, _, err := lot.Page(l.store, "", q.Limit, func(e *lot.Entry) bool { return l.wanted(e, &q) })
		return entries, err
	}
	var entries []*lot.Entry
	for _, id := range ids {
		e, err := l.find(id)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Replay implements [api.Lot].
func (l letters) Replay(ctx context.Context, ids []string, q api.DeadQuery, o api.ReplayOptions) (api.ReplayResult, error) {
	result := api.ReplayResult{Skipped: []api.Skipped{}}
	entries, err := l.chosen(ids, q)
	if err != nil {
		return result, err
	}
	for _, e := range entries {
		_, err := lot.Replay(e, time.Now().UTC(), o.Force)
		if err == nil && !o.DryRun {
			err = l.actOn(ctx, e, func(now *lot.Entry) ([]store.Record, error) { return lot.Replay(now, time.Now().UTC(), o.Force) })
		}
		if err != nil {
			result.Skipped = append(result.Skipped, api.Skipped{ID: lot.ID(e.ID), Reason: err.Error()})
			continue
		}
		result.Replayed++
	}
	return result, nil
}

// Drop implements [api.Lot].
func (l letters) Drop(ctx context.Context, ids []string, q api.DeadQuery, dryRun bool) (int, error) {
	entries, err := l.chosen(ids, q)
	if err != nil || dryRun {
		return len(entries), err
	}
	for n, e := range entries {
		err := l.actOn(ctx, e, func(now *lot.Entry) ([]store.Record, error) { return lot.Drop(l.store, now) })
		if err != nil {
			return n, api.Errorf(api.FailedPrecondition, "%v", err)
		}
	}
	return len(entries), nil
}

// actOn changes one dead letter, as it stands when its lane's loop comes to it: another request may have been faster.
func (l letters) actOn(ctx context.Context, e *lot.Entry, change func(now *lot.Entry) ([]store.Record, error)) error {
	id := lot.ID(e.ID)
	return l.act(ctx, e, func(out func(pelton.EffectID) bool) ([]store.Record, error) {
		if out(e.ID) {
			return nil, fmt.Errorf("dead letter %s is being replayed or changed: wait until that is done", id)
		}
		now, err := l.find(id)
		if err != nil {
			return nil, err
		}
		return change(now)
	})
}

// act changes records of one lane, in its loop if it is open.
func (w *wheel) act(ctx context.Context, e *lot.Entry, change func(out func(pelton.EffectID) bool) ([]store.Record, error)) error {
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
	return w.restAgain(ctx, lane)
}

func (l letters) parked(e *lot.Entry) api.Parked {
	return api.Parked{
		Origin: origin(e), ID: lot.ID(e.ID), Delivery: idText(e), Plugin: pluginName(e), Key: string(e.Key), Kind: string(e.Kind), Due: e.Due,
		FirstSeen: e.First, Attempts: int(e.Attempt), Defers: int(e.Defers), Reason: e.Reason, Payload: e.Payload, Headers: e.Headers,
	}
}

func parkedWanted(e *lot.Entry, q *api.ParkedQuery) bool {
	return (q.Plugin == "" || q.Plugin == pluginName(e)) && (q.Kind == "" || q.Kind == string(e.Kind)) && within(e.Due, q.Since, q.Until)
}

// Parked implements [api.Lot].
func (l letters) Parked(_ context.Context, q api.ParkedQuery) ([]api.Parked, string, error) {
	after, err := cursor(q.After)
	if err != nil {
		return nil, "", err
	}
	entries, next, err := lot.ParkedPage(l.store, after, limitOf(q.Limit), func(e *lot.Entry) bool { return parkedWanted(e, &q) })
	page := make([]api.Parked, 0, len(entries))
	for _, e := range entries {
		page = append(page, l.parked(e))
	}
	return page, nextOf(next), err
}

func (l letters) findParked(id string) (*lot.Entry, error) {
	e, err := lot.Parked(l.store, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.Errorf(api.NotFound, "no parked delivery %q; list them with: pelton parked list", id)
	}
	return e, err
}

// ParkedRecord implements [api.Lot].
func (l letters) ParkedRecord(_ context.Context, id string) (api.Parked, error) {
	e, err := l.findParked(id)
	if err != nil {
		return api.Parked{}, err
	}
	return l.parked(e), nil
}

func (l letters) chosenParked(ids []string, q api.ParkedQuery) ([]*lot.Entry, error) {
	if len(ids) == 0 {
		entries, _, err := lot.ParkedPage(l.store, "", q.Limit, func(e *lot.Entry) bool { return parkedWanted(e, &q) })
		return entries, err
	}
	var entries []*lot.Entry
	for _, id := range ids {
		e, err := l.findParked(id)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Release implements [api.Lot].
func (l letters) Release(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	return l.changeParked(ctx, ids, q, dryRun, func(e *lot.Entry) ([]store.Record, error) {
		return lot.Postpone(e, time.Now().UTC()), nil
	})
}

// DropParked implements [api.Lot].
func (l letters) DropParked(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	return l.changeParked(ctx, ids, q, dryRun, func(e *lot.Entry) ([]store.Record, error) {
		var watermark uint64
		if open := l.lane(e.ID.Message.Lane); open != nil {
			watermark = open.Stats().Watermark
		}
		return lot.Remove(l.store, e, watermark)
	})
}

// changeParked changes those of the records that are in the lot; what is being offered at that moment is left alone, and
// so are records behind the head of their key, whose turn the order decides.
func (l letters) changeParked(ctx context.Context, ids []string, q api.ParkedQuery, dryRun bool, change func(*lot.Entry) ([]store.Record, error)) (int, error) {
	entries, err := l.chosenParked(ids, q)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, e := range entries {
		if e.Kind == delivery.KindBehind {
			continue
		}
		if dryRun {
			n++
			continue
		}
		err := l.act(ctx, e, func(out func(pelton.EffectID) bool) ([]store.Record, error) {
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
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
