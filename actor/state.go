package actor

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/peltonhq/pelton"
)

// KV is a plugin's durable state, which its instances share. Its methods are safe for use by all of them.
type KV interface {
	// Get is the value of a key: of the newest change that was staged, durable or not. The value is owned.
	Get(key []byte) (value []byte, ok bool, err error)
	// Next is the first key above after, or the first of all if after is nil, that begins with prefix.
	Next(prefix, after []byte) (key []byte, ok bool, err error)
	// Stage takes the changes of a turn's acked deliveries, in order; the loop makes them durable by the ticket.
	Stage(changes []pelton.Change) (ticket uint64)
	// Room is how many bytes of keys and values may still be put, and the limit of all of them, 0 for none.
	Room() (left, limit int64)
	// MaxKey is the limit of a key's bytes; 0 for none.
	MaxKey() int
}

// Changed is one change of a turn, in the order in which the plugin made them.
type Changed struct {
	pelton.Change

	Delivery int // index in Turn.Deliveries
}

// uses is what the deliveries of a turn did with what their plugin is granted.
type uses struct {
	Changes  []Changed // of the plugin's state, see [Turn.Put]; in Reply, those of acked deliveries
	Requests []Asked   // see [Turn.Fetch]; in Reply, those of deliveries that await
	Ticket   uint64    // of Changes, to make them durable by; 0 when there are none
	grown    int64     // bytes by which the changes may make the state larger
	before   *Turn     // the turn was taken out of it, for what its delivery sees of the others' changes
}

func (u *uses) begin() {
	if len(u.Changes) > 0 {
		clear(u.Changes)
		u.Changes = u.Changes[:0]
	}
	if len(u.Requests) > 0 {
		clear(u.Requests)
		u.Requests = u.Requests[:0]
	}
	u.Ticket, u.grown = 0, 0
}

// Get is a key's value as delivery i sees it: its own changes, then those of deliveries that were acked earlier in the turn,
// then what kv has. The value is borrowed until the next call.
func (t *Turn) Get(kv KV, i int, key []byte) (value []byte, ok bool, err error) {
	if err := t.may(kv, i, key); err != nil {
		return nil, false, err
	}
	if c := t.newest(i, key); c != nil {
		return c.Value, !c.Delete, nil
	}
	value, ok, err = kv.Get(key)
	if err != nil {
		return nil, false, unread(err)
	}
	return value, ok, nil
}

func unread(err error) *Fault {
	return &Fault{Kind: FaultTrap, Err: fmt.Errorf("kv can't be read: %w", err)}
}

// Put sets a key on behalf of delivery i; it takes effect with Ack (E1). Both are copied. The error is a *Fault: the outbox
// or the state is full, the key is empty or too long, or the plugin is not granted kv.
func (t *Turn) Put(kv KV, i int, key, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	return t.change(kv, i, pelton.Change{Key: key, Value: value})
}

// Delete removes a key on behalf of delivery i, as Put sets one. A key that is not there is no error.
func (t *Turn) Delete(kv KV, i int, key []byte) error {
	return t.change(kv, i, pelton.Change{Key: key, Delete: true})
}

func (t *Turn) change(kv KV, i int, c pelton.Change) error {
	if err := t.may(kv, i, c.Key); err != nil {
		return err
	}
	if err := t.charge(i, emitCost+len(c.Key)+len(c.Value)); err != nil {
		return err
	}
	if !c.Delete {
		t.grown += int64(len(c.Key) + len(c.Value))
		if left, limit := kv.Room(); t.grown > left {
			if old, ok, _ := t.Get(kv, i, c.Key); ok { // what it takes the place of makes room
				t.grown -= int64(len(c.Key) + len(old))
			}
			if t.grown > left {
				t.budget[i] = -1
				return &Fault{Kind: FaultOutput, Err: fmt.Errorf("kv is full: it would hold more than capabilities.kv.max_bytes of %d bytes", limit)}
			}
		}
	}
	c.Key, c.Value = t.own(c.Key), t.own(c.Value)
	t.Changes = append(t.Changes, Changed{Delivery: i, Change: c})
	return nil
}

// Next is the first key above after that begins with prefix, as delivery i sees the state: see Get.
func (t *Turn) Next(kv KV, i int, prefix, after []byte) (key []byte, ok bool, err error) {
	if err := t.may(kv, i, []byte{0}); err != nil {
		return nil, false, err
	}
	for {
		key, ok, err = kv.Next(prefix, after)
		if err != nil {
			return nil, false, unread(err)
		}
		for from := t; from != nil; from = from.before {
			for n := range from.Changes {
				c := &from.Changes[n]
				if t.sees(from, c, i) && !c.Delete && bytes.HasPrefix(c.Key, prefix) && (after == nil || bytes.Compare(c.Key, after) > 0) &&
					(!ok || bytes.Compare(c.Key, key) < 0) && !t.newest(i, c.Key).Delete {
					key, ok = c.Key, true
				}
			}
		}
		if c := t.newest(i, key); !ok || c == nil || !c.Delete {
			return key, ok, nil
		}
		after = key
	}
}

// newest is the last change of a key that delivery i sees; nil when there is none in the turn.
func (t *Turn) newest(i int, key []byte) *pelton.Change {
	for from := t; from != nil; from = from.before {
		for n := range slices.Backward(from.Changes) {
			if c := &from.Changes[n]; bytes.Equal(c.Key, key) && t.sees(from, c, i) {
				return &c.Change
			}
		}
	}
	return nil
}

// sees reports whether delivery i sees a change of the turn or of the one that it was taken out of: it is its own, or that
// of a delivery that was acked.
func (t *Turn) sees(from *Turn, c *Changed, i int) bool {
	if from == t && c.Delivery == i {
		return true
	}
	o := &from.Outcomes[c.Delivery]
	return o.Fault == nil && o.Verdict.Decision == pelton.DecisionAck
}

// may refuses what the contract does not allow.
func (t *Turn) may(kv KV, i int, key []byte) error {
	switch {
	case kv == nil:
		return errNoKV
	case i < 0 || i >= len(t.Deliveries):
		return malformed("kv is used for delivery %d of %d", i, len(t.Deliveries))
	case len(key) == 0:
		return malformed("an empty key of kv")
	case kv.MaxKey() > 0 && len(key) > kv.MaxKey():
		return malformed("a key of kv of %d bytes is longer than capabilities.kv.max_key of %d", len(key), kv.MaxKey())
	}
	return nil
}

// ErrNoKV says that a plugin uses kv and was not granted it.
var ErrNoKV = errors.New("the plugin uses kv, which it is not granted: add capabilities: {kv: {}} to it in the config")

var errNoKV = &Fault{Kind: FaultMalformed, Err: ErrNoKV}

// keep drops the changes of deliveries that were not acked (E1), and stages the others.
func (t *Turn) keep(kv KV) {
	if len(t.Changes) == 0 || kv == nil {
		return
	}
	kept := t.Changes[:0]
	var changes []pelton.Change
	for _, c := range t.Changes {
		if o := &t.Outcomes[c.Delivery]; o.Fault == nil && o.Verdict.Decision == pelton.DecisionAck {
			kept, changes = append(kept, c), append(changes, c.Change)
		}
	}
	clear(t.Changes[len(kept):])
	if t.Changes = kept; len(kept) > 0 {
		t.Ticket = kv.Stage(changes)
	}
}
