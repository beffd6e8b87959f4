package intake

import (
	"encoding/binary"
	"fmt"

	"github.com/peltonhq/pelton/store"
)

// Ledger is what the committer knows of the partitions: their owner's epoch and last position. It is durable with the
// records, so positions and epochs never go back.
type Ledger struct {
	partitions map[string]*partition
	touched    []string
}

type partition struct {
	epoch   uint64
	pos     store.Pos
	touched bool
	broken  error // what failed an append of a strict token of this epoch

	key, value []byte // its record, written anew for each Flush
}

// NewLedger is a ledger without partitions.
func NewLedger() *Ledger { return &Ledger{partitions: map[string]*partition{}} }

// Load adds a partition as [Ledger.Flush] wrote it.
func (l *Ledger) Load(key, value []byte) error {
	rest, err := store.CutSpace(key, store.SpaceStore)
	if err != nil {
		return err
	}
	_, rest, err = store.CutString(rest)
	if err != nil {
		return err
	}
	name, rest, err := store.CutString(rest)
	if err != nil || len(rest) > 0 || len(value) != 16 {
		return fmt.Errorf("partition record %x = %x: %w", key, value, store.ErrCorrupt)
	}
	l.partitions[name] = &partition{epoch: binary.BigEndian.Uint64(value), pos: store.At(binary.BigEndian.Uint64(value[8:]))}
	return nil
}

// PartitionPrefix begins the keys of partition records.
func PartitionPrefix() []byte { return store.Key(store.SpaceStore, "partition") }

// Flush calls put with the record of each partition that changed since the last Flush. The bytes are good until it returns.
func (l *Ledger) Flush(put func(key, value []byte)) {
	for _, name := range l.touched {
		p := l.partitions[name]
		p.touched = false
		p.value = binary.BigEndian.AppendUint64(p.value[:0], p.epoch)
		p.value = binary.BigEndian.AppendUint64(p.value, p.pos.Number())
		if p.key == nil {
			p.key = store.Key(store.SpaceStore, "partition", name)
		}
		put(p.key, p.value)
	}
	l.touched = l.touched[:0]
}

// Admit decides on a request and sets its outcome: the new token of a claim, the position of an append, or the error.
// full is why the store takes no data, empty while it does; failed is why it takes nothing at all.
func (l *Ledger) Admit(r *Request, full string, failed error) (made bool) {
	switch {
	case r.late:
		r.Err = r.closed()
	case failed != nil:
		r.Err = fmt.Errorf("%s to partition %q: %w", r.what(), r.Token.Partition, failed)
		if p := l.partitions[r.Token.Partition]; p != nil && r.Token.Strict && p.epoch == r.Token.Epoch && p.broken == nil {
			p.broken = r.Err
		}
	case r.Token.Partition == "":
		r.Err = fmt.Errorf("%s: partition has no name: %w", r.what(), store.ErrInvalid)
	case r.Claimed != nil:
		l.claim(r)
	default:
		l.admit(r, full)
	}
	return r.Err == nil
}

func (l *Ledger) claim(r *Request) {
	p := l.partitions[r.Token.Partition]
	if p == nil {
		p = &partition{}
		l.partitions[r.Token.Partition] = p
	}
	p.epoch++
	p.broken = nil
	r.Token.Epoch = p.epoch
	l.touch(r.Token.Partition, p)
}

func (l *Ledger) admit(r *Request, full string) {
	p := l.partitions[r.Token.Partition]
	switch {
	case p == nil:
		r.Err = fmt.Errorf("append to partition %q: claim it first: %w", r.Token.Partition, store.ErrFenced)
	case p.epoch != r.Token.Epoch:
		r.Err = fmt.Errorf("append to partition %q: token of epoch %d, owner has %d: %w",
			r.Token.Partition, r.Token.Epoch, p.epoch, store.ErrFenced)
	case r.Token.Strict && p.broken != nil:
		r.Err = fmt.Errorf("behind one that failed: %w", p.broken)
	default:
		r.Err = accept(r, full)
		if r.Err != nil && r.Token.Strict {
			p.broken = r.Err
		}
	}
	if r.Err != nil {
		return
	}
	p.pos = p.pos.Next()
	r.Pos = p.pos
	l.touch(r.Token.Partition, p)
}

func accept(r *Request, full string) error {
	if err := store.Check(r.Records); err != nil {
		return fmt.Errorf("partition %q: %w", r.Token.Partition, err)
	}
	if full != "" && !store.OnlyDeletes(r.Records) {
		return fmt.Errorf("append to partition %q: %w: %s", r.Token.Partition, store.ErrFull, full)
	}
	return nil
}

func (l *Ledger) touch(name string, p *partition) {
	if !p.touched {
		p.touched = true
		l.touched = append(l.touched, name)
	}
}
