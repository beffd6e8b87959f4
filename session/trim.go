package session

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton/session/internal/place"
	"github.com/peltonhq/pelton/session/internal/record"
	"github.com/peltonhq/pelton/store"
)

// Limits of removal.
const (
	trimBatch  = 1000                  // snapshots of one append
	ageSlice   = 128                   // sessions that the janitor looks at between two pauses
	agePause   = 10 * time.Millisecond // between two slices
	ageRounds  = 20                    // rounds of the janitor in retain.age
	shortRound = time.Second
	longRound  = 10 * time.Minute
)

// doomed are snapshots to be removed.
type doomed struct {
	log       [][]byte // their keys in the log of the name
	from, end []byte   // range of their own keys
	last      uint64   // highest id of them
}

// records removes the snapshots and, in the same batch, their entries in the log of the name.
func (d *doomed) records() []store.Record {
	records := make([]store.Record, 0, len(d.log)+1)
	records = append(records, store.Record{Op: store.DeleteRange, Key: d.from, End: d.end})
	for _, key := range d.log {
		records = append(records, store.Record{Op: store.Delete, Key: key})
	}
	return records
}

// collect finds the stored snapshots from … to of a life, at most limit (0: all) and only while old says so.
func (s *Sessions) collect(key string, life, from, to uint64, limit int, old func(time.Time) bool) (doomed, error) {
	d := doomed{from: s.book.Keys.Snapshot(key, life, from)}
	scan := store.ScanOptions{Limit: limit}
	for e, err := range s.o.Store.Scan(d.from, s.book.Keys.Snapshot(key, life, to+1), scan) {
		if err != nil {
			return doomed{}, err
		}
		seq, made, err := record.DecodeStamp(e.Value)
		if err != nil {
			return doomed{}, err
		}
		if old != nil && !old(made) {
			break
		}
		if d.last, err = record.LastNumber(e.Key); err != nil {
			return doomed{}, err
		}
		d.log = append(d.log, s.book.Keys.Log(seq))
	}
	d.end = s.book.Keys.Snapshot(key, life, d.last+1)
	return d, nil
}

// trim removes what retention by count no longer keeps, one range for many appends. The worker does not wait for it:
// the newest snapshot and the head are not touched, so the order with later appends does not matter.
func (sh *shard) trim(ses *session) {
	to := ses.over(sh.s.o.Retain.Snapshots)
	if to == 0 {
		return
	}
	d, err := sh.s.collect(ses.key, ses.durable.life, ses.oldest, to, trimBatch, nil)
	if err != nil {
		return // the next append of this session tries again
	}
	if len(d.log) == 0 {
		ses.oldest = to + 1
		return
	}
	ses.oldest = d.last + 1
	n := uint64(len(d.log))
	sh.s.o.Store.AppendAsync(sh.s.token, d.records(), func(_ store.Pos, err error) {
		if err == nil {
			sh.s.counts.trimmed.Add(n)
		}
	})
}

// shorten removes all but the newest snapshot, in steps, so that a deletion is one small append. It only deletes, and
// so it works while the store is full.
func (s *Sessions) shorten(ctx context.Context, key string) error {
	h, err := s.book.Lookup(s.o.Store, key)
	if err != nil || h.Epoch == 0 || h.End == place.Gone || h.ID <= 1 {
		return err
	}
	return s.remove(ctx, key, h.Life, h.ID-1, nil)
}

// remove deletes the snapshots up to an id, oldest first and in steps, while old says so.
func (s *Sessions) remove(ctx context.Context, key string, life, to uint64, old func(time.Time) bool) error {
	for from := uint64(0); ; {
		d, err := s.collect(key, life, from, to, trimBatch, old)
		if err != nil || len(d.log) == 0 {
			return err
		}
		if _, err := s.o.Store.Append(ctx, s.token, d.records()); err != nil {
			return err
		}
		s.counts.trimmed.Add(uint64(len(d.log)))
		if from = d.last + 1; len(d.log) < trimBatch {
			return nil
		}
	}
}

// janitor removes what retention by age no longer keeps, in small slices so that nobody waits for it.
func (s *Sessions) janitor() {
	every := min(max(s.o.Retain.Age/ageRounds, shortRound), longRound)
	for s.sleep(every) {
		for after := s.book.Keys.Heads; after != nil && s.sleep(agePause); {
			after = s.age(after)
		}
	}
}

// sleep pauses; false means that the sessions are closed.
func (s *Sessions) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// age does one slice of a round: the sessions from a key on. It returns where the next slice begins, nil at the end.
func (s *Sessions) age(from []byte) []byte {
	var (
		limit = s.o.Now().Add(-s.o.Retain.Age)
		old   = func(made time.Time) bool { return made.Before(limit) }
		seen  int
		next  []byte
	)
	for e, err := range s.o.Store.Scan(from, store.PrefixEnd(s.book.Keys.Heads), store.ScanOptions{Limit: ageSlice}) {
		if err != nil {
			return nil // the next round tries again
		}
		seen++
		next = append(e.Key, 0) //nolint:gocritic // the key is this loop's own
		key, _, err := store.CutString(e.Key[len(s.book.Keys.Heads):])
		if err != nil {
			continue
		}
		p, err := record.DecodePlace(e.Value)
		if err != nil || p.ID == 1 {
			continue
		}
		err = s.remove(s.ctx, key, p.Epoch, p.ID-1, old)
		if errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrFenced) || s.ctx.Err() != nil {
			return nil
		}
	}
	if seen < ageSlice {
		return nil
	}
	return next
}
