package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store"
)

// ask is what a client wants of a session; it is its own completer.
type ask struct {
	id     string // idempotency id of an append; empty: none
	delete bool
	over   bool             // delete it only if it expired
	write  *stream.Write    // what a client of the stream wants; nil: none of that
	wrote  Written          // the answer to it, set before done
	snap   *pelton.Snapshot // the answer, set before done
	done   chan error
	room   chan struct{}
}

var _ pelton.Completer = (*ask)(nil)

// Complete implements [pelton.Completer].
func (a *ask) Complete(_ uint64, err error) { a.done <- err }

// Room implements [pelton.Completer].
func (a *ask) Room() { signal(a.room) }

// alone reports whether the shard must have nothing ahead of the store before it looks at the ask, because it reads
// the store.
func (a *ask) alone() bool { return a.delete || a.id != "" }

func (a *ask) effectID() string {
	if a.write != nil && a.write.Producer != nil {
		p := a.write.Producer
		return fmt.Sprintf("client/%s/%d/%d", p.ID, p.Epoch, p.Seq)
	}
	return "client/" + a.id
}

// Append makes one snapshot from a client's payload (folded first, where the session is reduced) and returns it once
// it is durable. An id that made a snapshot before answers with that one, for as long as the session lives; if
// retention removed it, with its place and no payload. An empty id is never the same. It waits for room. When ctx ends
// first, the snapshot may still be made.
func (s *Sessions) Append(ctx context.Context, key string, payload []byte, contentType, id string) (pelton.Snapshot, error) {
	a := &ask{id: id}
	effect := pelton.Effect{Key: []byte(key), Payload: payload, ContentType: contentType, Time: s.o.Now()}
	if id != "" {
		effect.Mark = s.book.Keys.ID(key, id)
	}
	if err := s.put(ctx, &item{effect: effect, key: key, ask: a}); err != nil {
		return pelton.Snapshot{}, fmt.Errorf("append: %w", err)
	}
	return *a.snap, nil
}

// Delete ends a session: its snapshots go, followers are told, a tombstone keeps the epoch, and a later emit starts a
// new one. [ErrNotFound] when there is none.
func (s *Sessions) Delete(ctx context.Context, key string) error { return s.drop(ctx, key, false) }

func (s *Sessions) drop(ctx context.Context, key string, over bool) error {
	if !over { // what shortens an expired one could shorten the one that comes after it
		if err := s.shorten(ctx, key); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	effect := pelton.Effect{Key: []byte(key)}
	defer s.hub.gate.Pass()()
	if err := s.put(ctx, &item{effect: effect, key: key, ask: &ask{delete: true, over: over}}); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

// put gives one ask to its shard and waits for the answer.
func (s *Sessions) put(ctx context.Context, it *item) error {
	a := it.ask
	a.done, a.room = make(chan error, 1), make(chan struct{}, 1)
	it.to, it.size = a, int64(it.effect.Size())
	for {
		taken, open := s.queue.offer(1, func(int) *item { return it }, s.shardOf, a)
		if !open {
			return s.closed()
		}
		if taken == 1 {
			break
		}
		select {
		case <-a.room:
		case <-ctx.Done():
			return fmt.Errorf("session %s: no room: %w", s.o.Name, ctx.Err())
		case <-s.failed:
			return s.closed()
		case <-s.ctx.Done():
			return s.closed()
		}
	}
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("session %s key %.80q: not durable yet: %w", s.o.Name, it.key, ctx.Err())
	case <-s.failed:
	case <-s.ctx.Done():
	}
	select {
	case err := <-a.done: // it was settled in the same moment
		return err
	default:
		return s.closed()
	}
}

// closed is why nothing is written any more.
func (s *Sessions) closed() error {
	if err := s.counts.err.Load(); err != nil {
		return *err
	}
	return fmt.Errorf("session %s: %w", s.o.Name, ErrClosed)
}

// client does an ask that reads the store; nothing of the shard is ahead of it.
func (sh *shard) client(it *item) bool {
	var (
		changes []*change
		err     error
	)
	if it.ask.delete {
		changes, err = sh.end(it)
	} else {
		changes, err = sh.append(it)
	}
	if err != nil {
		sh.rest(err)
		return true
	}
	sh.flow()
	sh.todo = sh.todo[1:]
	sh.hand(changes)
	return true
}

func (sh *shard) append(it *item) ([]*change, error) {
	if err := sh.check(it); err == nil {
		switch value, err := sh.s.o.Store.Get(it.effect.Mark); {
		case err == nil:
			snap, err := sh.s.made(it.key, value)
			if err == nil {
				sh.s.settle(it, snap, nil)
			}
			return nil, err
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	changes, _, err := sh.fold([]*item{it})
	return changes, err
}

// made is the snapshot that an idempotency id made before.
func (s *Sessions) made(key string, value []byte) (*pelton.Snapshot, error) {
	p, err := record.DecodePlace(value)
	if err != nil {
		return nil, err
	}
	snap, err := s.book.Load(s.o.Store, key, p.Epoch, p.ID)
	if errors.Is(err, store.ErrNotFound) {
		return &pelton.Snapshot{Session: s.o.Name, Key: key, Epoch: s.book.Shown(p.Epoch), ID: p.ID}, nil
	}
	return snap, err
}

// end makes the change of a deletion.
func (sh *shard) end(it *item) ([]*change, error) {
	ses, err := sh.session(it.key)
	if err != nil {
		return nil, err
	}
	if !ses.durable.live() || it.ask.over && (ses.durable.stream == nil || !ses.durable.stream.Expired(sh.s.o.Now())) {
		sh.s.settle(it, nil, fmt.Errorf("session %s key %.80q: %w", sh.s.o.Name, it.key, ErrNotFound))
		return nil, nil
	}
	found, err := sh.s.collect(it.key, ses.durable.life, 0, ses.durable.id, 0, nil)
	if err != nil {
		return nil, err
	}
	ch := &change{item: it, session: ses, shard: sh, made: sh.s.o.Now(), doomed: found.log, buried: ses.buried(), size: sessionOverhead}
	ses.end()
	ch.after = ses.last
	sh.ending = true
	return []*change{ch}, nil
}
