package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

// Save implements [handover.Keeper].
func (i *Instance) Save(ctx context.Context, limit int64) (*handover.State, error) {
	if !i.keeps {
		return nil, nil //nolint:nilnil // the contract's word for a plugin without a state
	}
	var last *pluginv1.Saved
	var state []byte
	message := func(number uint64) *pluginv1.AttachResponse {
		return &pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Save{Save: &pluginv1.Save{Limit: limit, Batch: number}}}
	}
	err := i.keep(ctx, request{message, numberOfSaved, func(m *pluginv1.AttachRequest) (bool, *actor.Fault) {
		last = m.GetSaved()
		switch {
		case int64(len(last.GetPart())) > limit-int64(len(state)):
			return true, broken(actor.FaultOutput, "it sent a state that is larger than state.max_size of %s", bytesize(limit))
		case len(last.GetPart()) == 0 && !last.GetDone():
			return true, broken(actor.FaultMalformed, "an empty part of a state that is not the last")
		}
		state = append(state, last.GetPart()...)
		return last.GetDone(), nil
	}})
	switch {
	case err != nil:
		return nil, err
	case last.GetRefusal() != "":
		return nil, refusal(last.GetRefusal())
	case last.GetExcess() != 0:
		return nil, fmt.Errorf("%w: %d bytes of %d", handover.ErrTooLarge, last.GetExcess(), limit)
	}
	return &handover.State{Version: last.GetVersion(), Bytes: state}, nil
}

// Load implements [handover.Keeper].
func (i *Instance) Load(ctx context.Context, s *handover.State) error {
	if !i.keeps {
		return handover.ErrNoLoad
	}
	var answer *pluginv1.Loaded
	message := func(number uint64) *pluginv1.AttachResponse {
		load := &pluginv1.Load{Version: s.Version, State: s.Bytes, Batch: number}
		return &pluginv1.AttachResponse{Message: &pluginv1.AttachResponse_Load{Load: load}}
	}
	err := i.keep(ctx, request{message, numberOfLoaded, func(m *pluginv1.AttachRequest) (bool, *actor.Fault) {
		answer = m.GetLoaded()
		return true, nil
	}})
	switch {
	case err != nil:
		return err
	case answer.GetRefusal() != "":
		return refusal(answer.GetRefusal())
	}
	return nil
}

// keep sends a request that is no turn: its time is that of the context. A process that left meanwhile is not started
// again for it, since what it had in its memory is gone.
func (i *Instance) keep(ctx context.Context, q request) error {
	if i.closed {
		return errClosed
	}
	r := i.run
	late := func() { r.kill(broken(actor.FaultTimeout, "it did not answer within state.timeout")) }
	stop := context.AfterFunc(ctx, late)
	_, fault := i.ask(ctx, q)
	switch {
	case !stop():
		return r.end() // it was ended, even if it answered at the last moment
	case fault == nil:
		return nil
	case fault.Broken:
		r.kill(fault)
	}
	return fault
}

func numberOfSaved(m *pluginv1.AttachRequest) (uint64, bool) {
	return m.GetSaved().GetBatch(), m.GetSaved() != nil
}

func numberOfLoaded(m *pluginv1.AttachRequest) (uint64, bool) {
	return m.GetLoaded().GetBatch(), m.GetLoaded() != nil
}

func refusal(words string) error { return errors.New(clean(words, reasonLimit)) }
