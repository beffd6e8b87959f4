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

type tree = btreemap.BTreeMap[[]byte, []byte]

const degree = 16

// Disk is what survives a crash. One store at a time has it open.
type Disk struct {
	mu    sync.Mutex
	tree  *tree
	held  bool
	since time.Time
}

// NewDisk is an empty disk.
func NewDisk() *Disk { return &Disk{tree: btreemap.New[[]byte, []byte](degree, bytes.Compare)} }

// Open opens a store over what is durable. While another one is open it is a [store.HeldError].
func (d *Disk) Open() (*Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held {
		return nil, &store.HeldError{Dir: "memory", Holder: store.Holder{PID: os.Getpid()}}
	}
	s := &Store{disk: d, since: d.since, queue: intake.NewQueue(), ledger: intake.NewLedger(), ended: make(chan struct{}), moved: make(chan struct{}, 1)}
	prefix := intake.PartitionPrefix()
	for key, value := range d.tree.Ascend(btreemap.GE(prefix), upper(store.PrefixEnd(prefix))) {
		if err := s.ledger.Load(key, value); err != nil {
			return nil, fmt.Errorf("store in memory: %w", err)
		}
	}
	d.held = true
	s.published.Store(d.tree.Clone())
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

// write makes one append durable and returns the tree that reads may see from now on.
func (d *Disk) write(records []store.Record, ledger *intake.Ledger) *tree {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range records {
		switch r := &records[i]; r.Op {
		case store.Put:
			d.tree.ReplaceOrInsert(bytes.Clone(r.Key), append([]byte{}, r.Value...))
		case store.Delete:
			d.tree.Delete(r.Key)
		case store.DeleteRange:
			d.clear(r.Key, r.End)
		}
	}
	ledger.Flush(func(key, value []byte) { d.tree.ReplaceOrInsert(key, value) })
	return d.tree.Clone()
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
