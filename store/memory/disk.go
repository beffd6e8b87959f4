package memory

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/RaduBerinde/btreemap"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/internal/intake"
)

type tree = btreemap.BTreeMap[[]byte, *entry]

// entry is one value. It is written over as long as nobody can see it.
type entry struct {
	value []byte
	made  uint64 // how many trees had been given to readers before
}

const degree = 16

// Disk is what survives a crash. One store at a time has it open.
type Disk struct {
	mu    sync.Mutex
	tree  *tree
	given *tree  // the same, for readers; nil when something was written since the last one
	times uint64 // that a tree was given
	held  bool
	since time.Time
}

// NewDisk is an empty disk.
func NewDisk() *Disk { return &Disk{tree: btreemap.New[[]byte, *entry](degree, bytes.Compare)} }

// Open opens a store over what is durable. While another one is open it is a [store.HeldError].
func (d *Disk) Open() (*Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		return nil, &store.HeldError{Dir: "memory", Holder: store.Holder{PID: os.Getpid()}}
	}
	s := &Store{disk: d, since: d.since, queue: intake.NewQueue(), ledger: intake.NewLedger(), ended: make(chan struct{}), moved: make(chan struct{}, 1)}
	prefix := intake.PartitionPrefix()
	for key, e := range d.tree.Ascend(btreemap.GE(prefix), upper(store.PrefixEnd(prefix))) {
		if err := s.ledger.Load(key, e.value); err != nil {
			return nil, fmt.Errorf("store in memory: %w", err)
		}
	}
	d.held = true
	go s.run()
	return s, nil
}

// Renew begins the disk's history anew, as a restore does: stores opened later say so by [store.Store.Since].
func (d *Disk) Renew(at time.Time) {
	d.mu.Lock()
	d.since = at
	d.mu.Unlock()
}

// New is a store over a disk of its own.
func New() *Store {
	s, err := NewDisk().Open()
	if err != nil {
		panic(err) // an empty disk that nobody holds
	}
	return s
}

// write makes one append durable: reads see it from now on.
func (d *Disk) write(records []store.Record, ledger *intake.Ledger) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given = nil
	for i := range records {
		switch r := &records[i]; r.Op {
		case store.Put:
			d.put(r.Key, r.Value)
		case store.Delete:
			d.tree.Delete(r.Key)
		case store.DeleteRange:
			d.clear(r.Key, r.End)
		}
	}
	ledger.Flush(d.put)
}

func (d *Disk) put(key, value []byte) {
	if _, e, ok := d.tree.Get(key); ok && e.made == d.times {
		e.value = append(e.value[:0], value...)
		return
	}
	d.tree.ReplaceOrInsert(bytes.Clone(key), &entry{bytes.Clone(value), d.times})
}

// give is what is durable, for a reader.
func (d *Disk) give() *tree {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.given == nil {
		d.given = d.tree.Clone()
		d.times++
	}
	return d.given
}

func (d *Disk) clear(from, to []byte) {
	var keys [][]byte
	for key := range d.tree.Ascend(btreemap.GE(from), btreemap.LT(to)) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		d.tree.Delete(key)
	}
}

func (d *Disk) release() {
	d.mu.Lock()
	d.held = false
	d.mu.Unlock()
}

func upper(end []byte) btreemap.UpperBound[[]byte] {
	if end == nil {
		return btreemap.Max[[]byte]()
	}
	return btreemap.LT(end)
}
