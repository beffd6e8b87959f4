package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/actor/handover"
)

// The answers of pelton_save and pelton_load; a negative one is a refusal.
const (
	keepDone = 0
	keepNone = 1 // nothing is kept, or nothing can be taken
)

const savedSize = 12 // of the descriptor that pelton_save fills

// remaining is what is left until a deadline, as the processor time of a call.
func remaining(ctx context.Context) time.Duration {
	if at, ok := ctx.Deadline(); ok {
		return max(time.Millisecond, time.Until(at))
	}
	return time.Second
}

// Save implements [handover.Keeper].
func (n *Instance) Save(ctx context.Context, limit int64) (*handover.State, error) {
	if n.calls.save == nil {
		return nil, nil //nolint:nilnil // the contract's word for a plugin without a state
	}
	if fault := n.begin(ctx, remaining(ctx)); fault != nil {
		return nil, fault
	}
	defer n.end()
	n.failed = ""
	table := n.lent(savedSize)
	clear(table)
	status, fault := n.call(n.calls.save, uint64(n.window.at), 0, 0)
	switch {
	case fault != nil:
		return nil, fault
	case n.wrong.turn != nil:
		return nil, n.wrong.turn
	case status == keepNone:
		return nil, nil //nolint:nilnil // as above
	case status < 0:
		return nil, errors.New(or(n.failed, "the plugin refused and gave no reason"))
	case status != keepDone:
		return nil, malformed("%s answered %d, want 0, 1 or less than 0", exportSave, status)
	}
	size := get32(table, 8)
	if int64(size) > limit {
		return nil, fmt.Errorf("%w: %d bytes of %d", handover.ErrTooLarge, size, limit)
	}
	state, ok := n.read(get32(table, 4), size)
	if !ok {
		return nil, malformed("the state that was saved is outside the module's memory")
	}
	return &handover.State{Version: get32(table, 0), Bytes: bytes.Clone(state)}, nil
}

// Load implements [handover.Keeper].
func (n *Instance) Load(ctx context.Context, s *handover.State) error {
	if n.calls.load == nil {
		return handover.ErrNoLoad
	}
	if fault := n.begin(ctx, remaining(ctx)); fault != nil {
		return fault
	}
	defer n.end()
	if len(s.Bytes) > int(n.window.size) {
		if fault := n.open(len(s.Bytes)); fault != nil {
			return fault
		}
	}
	n.failed = ""
	copy(n.lent(len(s.Bytes)), s.Bytes)
	status, fault := n.call(n.calls.load, uint64(s.Version), uint64(n.window.at), uint64(len(s.Bytes)))
	switch {
	case fault != nil:
		return fault
	case n.wrong.turn != nil:
		return n.wrong.turn
	case status == keepNone:
		return handover.ErrNoLoad
	case status < 0:
		return errors.New(or(n.failed, "the plugin refused and gave no reason"))
	case status != keepDone:
		return malformed("%s answered %d, want 0, 1 or less than 0", exportLoad, status)
	}
	return nil
}
