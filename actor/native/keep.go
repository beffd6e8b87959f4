package native

import (
	"context"
	"fmt"
	"slices"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
)

// Save implements [handover.Keeper].
func (i *instance) Save(context.Context, int64) (_ *handover.State, err error) {
	defer recovered(func(f *actor.Fault) { err = f })
	s, ok := i.value.(Saver)
	if !ok {
		return nil, nil //nolint:nilnil // the contract's word for a plugin without a state
	}
	version, state, err := s.Save()
	if err != nil {
		return nil, fmt.Errorf("save: %w", words(err))
	}
	return &handover.State{Version: version, Bytes: slices.Clone(state)}, nil
}

// Load implements [handover.Keeper].
func (i *instance) Load(_ context.Context, s *handover.State) (err error) {
	defer recovered(func(f *actor.Fault) { err = f })
	l, ok := i.value.(Loader)
	if !ok {
		return handover.ErrNoLoad
	}
	if err := l.Load(s.Version, s.Bytes); err != nil {
		return fmt.Errorf("load: %w", words(err))
	}
	return nil
}
