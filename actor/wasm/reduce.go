package wasm

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// The answers of a fold.
const (
	foldDone    = 1
	foldRefused = 2
)

// Reduce folds a batch, in as many calls as it needs windows. limits.time bounds each fold.
func (n *Instance) Reduce(ctx context.Context, folds []actor.Call) error {
	if !n.declared.reducer {
		return malformed("the plugin handles messages and is no reducer")
	}
	if fault := n.begin(ctx, time.Duration(n.env.Limits.Time)); fault != nil {
		return fault
	}
	return n.finish(n.reduce(folds))
}

func (n *Instance) reduce(folds []actor.Call) *actor.Fault {
	for len(folds) > 0 {
		count, size := 0, 0
		for i := range folds {
			need := foldSize + len(folds[i].Key) + len(folds[i].State) + len(folds[i].Emit)
			if count > 0 && size+need > int(n.window.size) {
				break
			}
			count, size = count+1, size+need
		}
		if size > int(n.window.size) {
			if fault := n.open(size); fault != nil {
				return fault
			}
		}
		if fault := n.fold(folds[:count]); fault != nil {
			return fault
		}
		folds = folds[count:]
	}
	return nil
}

// fold makes one call with folds that fit the window.
func (n *Instance) fold(folds []actor.Call) *actor.Fault {
	window := n.lent(int(n.window.size))
	at := len(folds) * foldSize
	clear(window[:at])
	for i := range folds {
		ref := window[i*foldSize:]
		for slot, b := range [...][]byte{folds[i].Key, folds[i].State, folds[i].Emit} {
			put32(ref, slot*8, uint32(at))
			put32(ref, slot*8+4, uint32(len(b)))
			at += copy(window[at:], b)
		}
	}
	n.deadline.enter(window[:len(folds)*foldSize], foldSize, statusAt)
	status, fault := n.call(n.calls.reduce, uint64(n.window.at), uint64(len(folds)), 0)
	switch {
	case fault != nil:
		return fault
	case n.wrong.turn != nil:
		return n.wrong.turn
	case status != 0:
		return malformed("%s answered %d, want 0", exportReduce, status)
	}
	for i := range folds {
		if fault := n.folded(&folds[i], window[i*foldSize:][:foldSize]); fault != nil {
			return fault
		}
	}
	return nil
}

// folded takes the result of one fold out of its descriptor; it is copied, since the guest's memory is not ours.
func (n *Instance) folded(c *actor.Call, ref []byte) *actor.Fault {
	status, size := get32(ref, statusAt), get32(ref, 32)
	text, ok := n.read(get32(ref, 28), size)
	switch {
	case status != foldDone && status != foldRefused:
		return malformed("status %d of a fold is not of the ABI", status)
	case !ok:
		return malformed("the result of a fold is outside the module's memory")
	case status == foldRefused:
		c.Err = errors.New(or(clean(text[:min(len(text), reasonLimit)]), "the reducer refused the emit and gave no reason"))
		return nil
	case int64(size) > n.env.Limits.Output:
		return overflow("the new state of %d bytes exceeds limits.output of %s", size, bytesize(n.env.Limits.Output))
	}
	ctype, ok := n.read(get32(ref, 36), get32(ref, 40))
	if !ok || len(ctype) > contentTypeLimit {
		return malformed("the content type of a fold is outside the module's memory or too long")
	}
	c.Next, c.Err = append([]byte{}, text...), nil
	if bytes.Equal(ctype, []byte(c.ContentType)) {
		return nil
	}
	c.ContentType = n.contentType(ctype)
	return nil
}
