package call

import (
	"context"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/bench/guest"
)

const (
	mappedName = "Pelton, C guest, mapped"
	arenaSize  = 64 << 20 // the default of arena.size
)

// room is an arena with a block for each payload, from which a guest is shown them.
type room struct {
	arena  *arena.Arena
	lane   *arena.Lane
	blocks map[int]*arena.Block // by length of the payload
}

// mapped is the guest with payloads that lie in an arena. Where the system can't map them they are copied, and counted.
func mapped(ctx context.Context, runtime *wasm.Runtime, g guest.Guest) ([]contestant, error) {
	r := &room{blocks: map[int]*arena.Block{}}
	var err error
	if r.arena, err = arena.New(arena.Options{Name: "bench", Size: arenaSize, MaxMessage: 1 << 20}); err != nil {
		return nil, err
	}
	if r.lane, err = r.arena.Lane("bench"); err != nil {
		return nil, err
	}
	window := &actor.Window{Room: arenaSize}
	p, err := load(ctx, runtime, g, window)
	if err != nil {
		return nil, err
	}
	var list []contestant
	for _, n := range []int{1, 16, 64} {
		list = append(list, contestant{name: mappedName, batch: n, with: func(payload []byte) func(int) (bool, error) {
			shown, err := r.put(ctx, payload)
			if err != nil {
				return func(int) (bool, error) { return false, err }
			}
			return p.with(ctx, shown, n)
		}})
	}
	list[2].close = r.close
	return list, nil
}

// put copies the payload into a block. It takes the place of an older one of the same length, which nobody uses then.
func (r *room) put(ctx context.Context, payload []byte) ([]byte, error) {
	b := r.blocks[len(payload)]
	if b == nil {
		var err error
		if b, err = r.lane.Acquire(ctx, len(payload)); err != nil {
			return nil, err
		}
		r.blocks[len(payload)] = b
	}
	return b.Bytes()[:copy(b.Bytes(), payload)], nil
}

func (r *room) close() error {
	for _, b := range r.blocks {
		r.lane.Done(b)
	}
	r.lane.Close()
	return r.arena.Close()
}
