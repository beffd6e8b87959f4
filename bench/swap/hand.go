package swap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/guest"
	"github.com/peltonhq/pelton/bench/measure"
)

const handText = `The same flow through a guest in %s that is swapped a thousand times, one swap after the other, each answered live. "Hand-over" is from the
end of the old version's last turn to the begin of the new one's first; beside it the same between any two turns of one version, where nothing is
swapped: part of both is the wait for the next messages, which come four at a time here. The outside gap is the longest between two acks while the
thousand swaps went on, and in as long a time without any.

Peers that change processing code under 20,000 messages a second were measured once, apart from this run, on a machine whose own gaps were 12 to 190 ms:
Benthos by its streams API has a gap of 49 ms (10 to 182), and loses 545 messages each time on a socket input (68 to 9,901), none with a producer over HTTP
that waits for answers, but up to 28 of its posts fail; Conduit drains and starts anew, 16 ms; Watermill stops a handler and adds another, 5 to 17 ms, up to 119
messages lost. What is lost, doubled or out of order here over a hundred swaps of each source is in docs/guarantees.md, by ` + "`cd internal/faults && go run . -long -only swap`" + `.`

// fine is the time between two groups of messages, so that a turn has not long to wait for them.
const fine = 200 * time.Microsecond

// turns notes when turns begin and end, of all versions.
type turns struct {
	begin time.Time
	last  atomic.Int64 // end of the newest, in nanoseconds since begin
	rest  atomic.Pointer[[]time.Duration]
}

func (t *turns) now() int64 { return int64(time.Since(t.begin)) }

// version is a module whose turns are noted.
type version struct {
	actor.Module

	turns *turns
	first atomic.Int64 // how long its first turn came behind the last one of the version before, in nanoseconds
}

// Start gives an instance whose turns are noted.
func (v *version) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	i, err := v.Module.Start(ctx, env)
	return &instance{Instance: i, version: v}, err
}

type instance struct {
	actor.Instance

	version *version
}

// Handle notes a turn.
func (i *instance) Handle(ctx context.Context, t *actor.Turn) error {
	all := i.version.turns
	rest := all.now() - all.last.Load()
	if !i.version.first.CompareAndSwap(0, max(rest, 1)) {
		if into := all.rest.Load(); into != nil && len(*into) < cap(*into) {
			*into = append(*into, time.Duration(rest)) // the actor's goroutine alone does so
		}
	}
	err := i.Instance.Handle(ctx, t)
	all.last.Store(all.now())
	return err
}

// handed is what a thousand hand-overs came to.
type handed struct {
	swaps, still []time.Duration // between two turns: of two versions, of one
	gap, calm    time.Duration
}

// hands measures them with one guest.
func hands(ctx context.Context, o *measure.Options, g guest.Guest) (err error) {
	times := 1000
	if o.Quick {
		times = 20
	}
	o.Tell("W5: %d hand-overs", times)
	dir, err := os.MkdirTemp(o.Dir, "hands-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a, err := read(g)
	if err != nil {
		return err
	}
	runtime, err := wasm.New(ctx, wasm.Options{CacheDir: dir})
	if err != nil {
		return err
	}
	h, err := handOver(ctx, runtime, a, times)
	if err = errors.Join(err, runtime.Close(ctx)); err != nil {
		return err
	}
	h.tell(o, g.Language)
	return nil
}

// handOver swaps so many times, and then lets the flow go on for as long.
func handOver(ctx context.Context, r *wasm.Runtime, a *artifact, times int) (h handed, err error) {
	all := &turns{begin: time.Now()}
	load := func() (*version, error) {
		m, err := r.Load(ctx, a.bytes)
		return &version{Module: m, turns: all}, err
	}
	v, err := load()
	if err != nil {
		return h, err
	}
	f, err := startWith(r, v, fine)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, f.end()) }()
	time.Sleep(50 * tick) // the flow begins
	begin := time.Now()
	h.gap, err = f.gap(0, func() error {
		for range times {
			v, err := load()
			if err != nil {
				return err
			}
			if _, err := f.put(ctx, v); err != nil {
				return err
			}
			h.swaps = append(h.swaps, time.Duration(v.first.Load()))
		}
		return nil
	})
	if err != nil {
		return h, err
	}
	took := time.Since(begin)
	still := make([]time.Duration, 0, 10*times)
	h.calm, err = f.gap(0, func() error {
		all.rest.Store(&still)
		time.Sleep(took)
		all.rest.Store(nil)
		return nil
	})
	time.Sleep(2 * tick) // a turn that had begun
	h.still = still
	if slices.Contains(h.swaps, 0) {
		return h, errors.New("a version was live before it had a turn")
	}
	return h, err
}

func (h *handed) tell(o *measure.Options, language string) {
	o.Part("A thousand hand-overs", fmt.Sprintf(handText, language))
	t := measure.NewTable("", "number", "median, ms", "p99, ms", "longest, ms", "outside gap, ms")
	row := func(name string, all []time.Duration, gap time.Duration) (median, p99 float64) {
		slices.Sort(all)
		median, p99 = ms(measure.Percentile(all, 0.5)), ms(measure.Percentile(all, 0.99))
		t.Row(name, fmt.Sprint(len(all)), measure.Number(median), measure.Number(p99), measure.Number(ms(all[len(all)-1])), measure.Number(ms(gap)))
		return median, p99
	}
	median, p99 := row("from one version to the next", h.swaps, h.gap)
	row("from turn to turn, no swap", h.still, h.calm)
	t.Write(o.Out)
	o.AtMost("W5, hand-over, median of a thousand", median, 1, " ms")
	o.AtMost("W5, hand-over, p99 of a thousand", p99, 5, " ms")
}
