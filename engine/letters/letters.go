package letters

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store"
)

// Letters shows and changes the records of a store. It implements [api.Lot].
type Letters struct {
	store        store.Store
	lanes        Lanes
	replays      int // how often a dead letter may be replayed and fail again
	digest       func(plugin string, revision int) string
	dead, parked atomic.Uint64
}

var _ api.Lot = (*Letters)(nil)

// Lanes are the wheel's: what changes a lane's records goes through that lane's loop, which knows what is out of the lot.
type Lanes interface {
	// Act makes durable what change returns, in the journal's order of the record's lane. out tells change whether a record
	// is out of the lot at that moment.
	Act(ctx context.Context, e *lot.Entry, change func(out func(pelton.EffectID) bool) ([]store.Record, error)) error
	// Watermark is how far a lane is settled; 0 when it is not open.
	Watermark(id pelton.LaneID) uint64
}

// New shows the records of s. replays is how often a dead letter may be replayed and fail again; digest tells the code of a
// plugin's revision, empty if it is not known any more.
func New(s store.Store, lanes Lanes, replays int, digest func(plugin string, revision int) string) *Letters {
	return &Letters{store: s, lanes: lanes, replays: replays, digest: digest}
}

// Dropped counts what operators dropped.
func (l *Letters) Dropped() api.Dropped {
	return api.Dropped{Dead: l.dead.Load(), Parked: l.parked.Load()}
}

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
func (l *Letters) Dead(_ context.Context, q api.DeadQuery) ([]api.DeadLetter, string, error) {
	after, err := cursor(q.After)
	if err != nil {
		return nil, "", err
	}
	entries, next, err := lot.Page(l.store, after, limitOf(q.Limit), lot.Window{Since: q.Since, Until: q.Until}, wanted(&q))
	page := make([]api.DeadLetter, 0, len(entries))
	for _, e := range entries {
		page = append(page, l.letter(e))
	}
	return page, nextOf(next), err
}

// wanted chooses the dead letters of a query; their time is looked at before.
func wanted(q *api.DeadQuery) func(*lot.Entry) bool {
	return func(e *lot.Entry) bool {
		return either(q.Plugin, pluginName(e)) && either(q.Kind, string(e.Kind)) && either(q.State, string(e.State)) &&
			either(q.Source, e.ID.Message.Lane.Source) && strings.Contains(e.Reason, q.Reason)
	}
}

// either reports whether a filter lets a value pass: it names nothing, or that value.
func either(wanted, value string) bool { return wanted == "" || wanted == value }

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

func (l *Letters) letter(e *lot.Entry) api.DeadLetter {
	d := api.DeadLetter{
		Origin:  origin(e),
		Failure: api.Failure{Attempts: int(e.Attempt), Reason: e.Reason, Revision: e.Revision, First: e.First, Last: e.Failed},
		ID:      lot.ID(e.ID), Delivery: idText(e), Kind: string(e.Kind), Plugin: pluginName(e), Key: string(e.Key), Payload: e.Payload,
		ContentType: e.ContentType, Headers: e.Headers, State: string(e.State), Replays: e.Replays, Cursor: nextOf(e.At),
	}
	if e.Kind == delivery.KindEmit {
		d.Target = e.ID.Target.String()
	}
	if d.Revision > 0 {
		d.Digest = l.digest(d.Plugin, d.Revision)
	}
	return d
}

func (l *Letters) find(id string) (*lot.Entry, error) {
	e, err := lot.Letter(l.store, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.Errorf(api.NotFound, "no dead letter %q; list them with: pelton dead list", id)
	}
	return e, err
}

// DeadLetter implements [api.Lot].
func (l *Letters) DeadLetter(_ context.Context, id string) (api.DeadLetter, error) {
	e, err := l.find(id)
	if err != nil {
		return api.DeadLetter{}, err
	}
	return l.letter(e), nil
}

// each calls f for the dead letters that ids or, without any, a query select. They are read page by page: what fails again
// meanwhile is younger than the time of the call, and is not met twice.
func (l *Letters) each(ids []string, q api.DeadQuery, f func(*lot.Entry) error) error {
	if len(ids) > 0 {
		return named(ids, l.find, f)
	}
	span := lot.Window{Since: q.Since, Until: time.Now().UTC()}
	if !q.Until.IsZero() && q.Until.Before(span.Until) {
		span.Until = q.Until
	}
	return eachPage(f, func(after string) ([]*lot.Entry, string, error) {
		return lot.Page(l.store, after, pageSize, span, wanted(&q))
	})
}

// named calls f for the records of ids, up to the first failure.
func named(ids []string, find func(id string) (*lot.Entry, error), f func(*lot.Entry) error) error {
	for _, id := range ids {
		e, err := find(id)
		if err == nil {
			err = f(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func eachPage(f func(*lot.Entry) error, page func(after string) ([]*lot.Entry, string, error)) error {
	for after := ""; ; {
		entries, next, err := page(after)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		if after = next; next == "" {
			return nil
		}
	}
}

// Replay implements [api.Lot].
func (l *Letters) Replay(ctx context.Context, ids []string, q api.DeadQuery, o api.ReplayOptions) (api.ReplayResult, error) {
	result := api.ReplayResult{Skipped: []api.Skipped{}}
	change := func(e *lot.Entry) ([]store.Record, error) {
		return lot.Replay(l.store, e, time.Now().UTC(), o.Force, l.replays)
	}
	err := l.each(ids, q, func(e *lot.Entry) error {
		_, err := change(e)
		if err == nil && !o.DryRun {
			err = l.actOn(ctx, e, change)
		}
		switch {
		case ctx.Err() != nil || errors.Is(err, loop.ErrClosed):
			return err
		case err != nil && len(result.Skipped) < skippedNamed:
			result.Skipped = append(result.Skipped, api.Skipped{ID: lot.ID(e.ID), Reason: err.Error()})
		case err == nil:
			result.Replayed++
		}
		return nil
	})
	return result, err
}

// skippedNamed is how many of the dead letters that a replay leaves are named in its answer, which has a size.
const skippedNamed = 1000

// Drop implements [api.Lot].
func (l *Letters) Drop(ctx context.Context, ids []string, q api.DeadQuery, dryRun bool) (int, error) {
	n := 0
	err := l.each(ids, q, func(e *lot.Entry) error {
		if !dryRun {
			err := l.actOn(ctx, e, func(now *lot.Entry) ([]store.Record, error) { return lot.Drop(l.store, now) })
			if err != nil {
				return api.Errorf(api.FailedPrecondition, "%v", err)
			}
			l.dead.Add(1)
		}
		n++
		return nil
	})
	return n, err
}

// actOn changes one dead letter, as it stands when its lane's loop comes to it: another request may have been faster.
func (l *Letters) actOn(ctx context.Context, e *lot.Entry, change func(now *lot.Entry) ([]store.Record, error)) error {
	id := lot.ID(e.ID)
	return l.lanes.Act(ctx, e, func(out func(pelton.EffectID) bool) ([]store.Record, error) {
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
