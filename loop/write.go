package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// Checkpoint is a lane's stored place.
type Checkpoint struct {
	Incarnation string `json:"incarnation"`
	Position    uint64 `json:"position"` // everything before it is settled
}

func checkpointKey(source, lane string) []byte {
	return store.Key(store.SpaceCheckpoint, source, lane)
}

// LoadCheckpoint reads a lane's place; the zero Checkpoint when it has none.
func LoadCheckpoint(r store.Reader, source, lane string) (Checkpoint, error) {
	var c Checkpoint
	value, err := r.Get(checkpointKey(source, lane))
	if errors.Is(err, store.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(value, &c); err != nil {
		return c, fmt.Errorf("checkpoint of %s/%s: %w: %w", source, lane, err, store.ErrCorrupt)
	}
	return c, nil
}

// BeginCheckpoint stores that a lane has new content, of which nothing is settled: if that is renamed before anything of
// it is, it can still be found. The lane must not run.
func BeginCheckpoint(ctx context.Context, s store.Store, id pelton.LaneID) error {
	token, err := s.Claim(ctx, "lane/"+id.Source+"/"+id.Lane)
	if err != nil {
		return err
	}
	p := newPlace(id)
	_, err = s.Append(ctx, token, []store.Record{{Op: store.Put, Key: p.key, Value: p.at(0)}})
	return err
}

// MoveCheckpoints makes stored places those of other lanes of their source, all at once: names are old ones by new ones,
// and an old one without a place is left out. None of the lanes may run.
func MoveCheckpoints(ctx context.Context, s store.Store, source string, names map[string]string) error {
	token, err := s.Claim(ctx, "names/"+source)
	if err != nil {
		return err
	}
	var records []store.Record
	for to, from := range names {
		value, err := s.Get(checkpointKey(source, from))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		records = append(records, store.Record{Op: store.Put, Key: checkpointKey(source, to), Value: value})
	}
	if len(records) == 0 {
		return nil
	}
	_, err = s.Append(ctx, token, records)
	return err
}

// place is where a lane's checkpoint is kept, and all of it but the position. One checkpoint is under way at a time, so
// its bytes and records are used again for the next.
type place struct {
	key, text []byte
	trimmer   *lot.Trimmer
	records   [2]store.Record
}

func newPlace(id pelton.LaneID) place {
	incarnation, err := json.Marshal(id.Incarnation)
	if err != nil {
		panic("loop: a string is plain data: " + err.Error())
	}
	text := fmt.Appendf(nil, `{"incarnation":%s,"position":`, incarnation)
	return place{key: checkpointKey(id.Source, id.Lane), text: text, trimmer: lot.NewTrimmer(id)}
}

// at is the Checkpoint of a position.
func (p *place) at(position uint64) []byte {
	p.text = append(strconv.AppendUint(p.text[:bytes.LastIndexByte(p.text, ':')+1], position, 10), '}')
	return p.text
}

// move are the records that move the checkpoint, and the marks below it (S2) in the same append.
func (p *place) move(from, to uint64) []store.Record {
	p.records = [2]store.Record{{Op: store.Put, Key: p.key, Value: p.at(to)}, p.trimmer.Trim(from, to)}
	return p.records[:]
}

// sweep forgets the marks that a crash left behind, before anything of the lane begins.
func (l *Loop) sweep(ctx context.Context) error {
	left, err := lot.Sweep(l.o.Store, l.o.ID, l.o.From)
	if err != nil || len(left) == 0 {
		return err
	}
	_, err = l.o.Store.Append(ctx, l.journal.token, left)
	return err
}

// carryWrites makes the account's records durable, in its order.
func (l *Loop) carryWrites() {
	l.writes = l.ledger.Writes(l.writes[:0])
	for i := range l.writes {
		w := &l.writes[i]
		if err := l.fill(w); err != nil {
			l.fail(err)
			return
		}
		records, err := lot.Records(l.o.Store, w)
		if err != nil {
			l.fail(err)
			return
		}
		if w.Kind == delivery.WriteState { // its record stays out of the lot until what it owes is settled
			l.gather(w, records)
			continue
		}
		token, id, due := w.Token, w.Record.ID, w.Record.Due
		l.parked.writes(id)
		l.journal.append(records, func() {
			l.ledger.Written(token)
			l.parked.landed(id, due)
		})
	}
	clear(l.writes)
	l.carryChanges()
	l.early = l.ledger.Again(l.early[:0])
	l.parked.again(l.early)
	l.fetches = l.ledger.Fetches(l.fetches[:0])
	for _, f := range l.fetches {
		l.parked.fetch(f)
	}
}

// checkpoint makes the watermark durable, one at a time, and then tells the source (D2). While messages are open, which
// will move it again, that is once in a [stride]: a checkpoint of each turn would be most of what the store has to do.
func (l *Loop) checkpoint() {
	w := l.ledger.Watermark()
	if l.inFlight || w <= l.issued || l.strides() {
		return
	}
	from := l.issued
	l.issued, l.inFlight, l.stepped = w, true, l.now
	l.ledger.Checkpointing(w)
	l.journal.append(l.place.move(from, w), l.onDurable)
}

// strides reports whether the next checkpoint may wait.
func (l *Loop) strides() bool {
	return !l.closing && l.ledger.Open() > 0 && l.now.Sub(l.stepped) < stride
}

// stride is the time between two checkpoints under load.
const stride = time.Millisecond

// checkpointed tells the source of a checkpoint that is durable.
func (l *Loop) checkpointed() {
	l.inFlight = false
	l.durable = l.issued
	l.o.Lane.Settled(l.durable)
}

// settleLater carries out a plugin's late decision on a delivery that it held, in whatever lane that was.
func (l *Loop) settleLater(token string, d delivery.Decision) {
	l.errands.open++
	l.errands.run(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, errandTime)
		defer cancel()
		if err := l.o.Settle(ctx, token, d); err != nil {
			l.trouble(fmt.Errorf("settling a held delivery: %w", err))
		}
		l.box.tell(note{kind: noteRun, run: func() { l.errands.open-- }})
	})
}
