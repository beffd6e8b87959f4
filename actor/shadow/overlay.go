package shadow

import (
	"bytes"
	"sync"

	"github.com/peltonhq/pelton"
)

// State is what a plugin keeps durably; actor.KV is one.
type State interface {
	Get(key []byte) (value []byte, ok bool, err error)
	Next(prefix, after []byte) (key []byte, ok bool, err error)
	Stage(changes []pelton.Change) (ticket uint64)
	Room() (left, limit int64)
	MaxKey() int
}

// Overlay is the state of a shadow: what the live version's was when the overlay was made, and its own writes since. It
// holds at most a number of bytes; a write beyond is refused, as one beyond the limit of the state itself.
type Overlay struct {
	base  State
	limit int64

	mu      sync.Mutex
	used    int64
	changes map[string]pelton.Change
}

// NewOverlay lays one over a state.
func NewOverlay(base State, limit int64) *Overlay {
	return &Overlay{base: base, limit: limit, changes: map[string]pelton.Change{}}
}

// Keep saves what the base has of a key before the live version changes it. Without room it does not: the shadow sees
// that change then.
func (o *Overlay) Keep(key []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.changes[string(key)]; ok {
		return
	}
	value, ok, err := o.base.Get(key)
	if err != nil || o.used+int64(len(key)+len(value)) > o.limit {
		return
	}
	o.put(pelton.Change{Key: bytes.Clone(key), Value: value, Delete: !ok})
}

func (o *Overlay) put(c pelton.Change) {
	if old, ok := o.changes[string(c.Key)]; ok {
		o.used -= int64(len(old.Key) + len(old.Value))
	}
	o.used += int64(len(c.Key) + len(c.Value))
	o.changes[string(c.Key)] = c
}

// Get is a key's value.
func (o *Overlay) Get(key []byte) (value []byte, ok bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c, ok := o.changes[string(key)]; ok {
		return bytes.Clone(c.Value), !c.Delete, nil
	}
	return o.base.Get(key)
}

// Next is the first key above after that begins with prefix.
func (o *Overlay) Next(prefix, after []byte) (key []byte, ok bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for from := after; ; from = key {
		if key, ok, err = o.base.Next(prefix, from); err != nil {
			return nil, false, err
		}
		if c, changed := o.changes[string(key)]; !ok || !changed || !c.Delete {
			break
		}
	}
	for _, c := range o.changes {
		if !c.Delete && bytes.HasPrefix(c.Key, prefix) && (after == nil || bytes.Compare(c.Key, after) > 0) && (!ok || bytes.Compare(c.Key, key) < 0) {
			key, ok = c.Key, true
		}
	}
	return bytes.Clone(key), ok, nil
}

// Stage takes changes: they are nowhere but here.
func (o *Overlay) Stage(changes []pelton.Change) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range changes {
		o.put(c)
	}
	return 0
}

// Room is how many bytes may still be put.
func (o *Overlay) Room() (left, limit int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(0, o.limit-o.used), o.limit
}

// MaxKey is the limit of a key's bytes.
func (o *Overlay) MaxKey() int { return o.base.MaxKey() }
