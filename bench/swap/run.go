package swap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/guest"
	"github.com/peltonhq/pelton/bench/measure"
)

const text = `What a new version of a plugin costs. "Cold" is compiled, "cached" is read from the cache on disk, in a new runtime; "instance" is one
more instance with its init; "hand-over" is a swap to a loaded version under load, from the call until the answer that it is live (ten
deliveries went well). Under load are 20,000 messages of 1 KiB a second, 20 each millisecond, so a gap of one millisecond is none. The
gap is the longest between two acks, in a span without a swap, with one to a cached version and with one that is compiled meanwhile.
No message is lost: it would fail the run.`

// figures of one language, in milliseconds.
type figures struct{ cold, cached, start, hand, none, swapCached, swapCold measure.Series }

// Run measures and prints.
func Run(o *measure.Options) error {
	ctx := context.Background()
	guests, err := guest.All(ctx, o)
	if err != nil {
		return err
	}
	return run(ctx, o, guests)
}

func run(ctx context.Context, o *measure.Options, guests []guest.Guest) error {
	o.Section("W5 swap", text)
	t := measure.NewTable("guest", "size", "cold ms", "cached ms", "instance ms", "hand-over ms", "gap without, ms", "gap, cached, ms", "gap, cold, ms")
	all := make([]figures, len(guests))
	for round := range o.Rounds(5) {
		for i, g := range guests {
			if g.Absent != "" {
				continue
			}
			o.Tell("W5: round %d, %s", round+1, g.Language)
			if err := measureOne(ctx, o, g, &all[i]); err != nil {
				return fmt.Errorf("%s: %w", g.Language, err)
			}
		}
	}
	for i, g := range guests {
		if g.Absent != "" {
			t.Row(g.Language, g.Absent, "", "", "", "", "", "", "")
			continue
		}
		s, err := os.Stat(g.Path)
		if err != nil {
			return err
		}
		f := &all[i]
		t.Row(g.Language, fmt.Sprintf("%d kB", s.Size()/1000), f.cold.String(), f.cached.String(), f.start.String(), f.hand.String(), f.none.String(), f.swapCached.String(), f.swapCold.String())
	}
	t.Write(o.Out)
	for _, g := range guests {
		if g.Absent == "" { // C, where it is there
			return hands(ctx, o, g)
		}
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// measureOne does one round of one language.
func measureOne(ctx context.Context, o *measure.Options, g guest.Guest, f *figures) (err error) {
	dir, err := os.MkdirTemp(o.Dir, "cache-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a, err := read(g)
	if err != nil {
		return err
	}
	r, err := a.prepare(ctx, filepath.Join(dir, "prepare"))
	if err != nil {
		return err
	}
	f.cold, f.cached, f.start = append(f.cold, ms(r.cold)), append(f.cached, ms(r.cached)), append(f.start, ms(r.start))
	runtime, err := wasm.New(ctx, wasm.Options{CacheDir: filepath.Join(dir, "flow")})
	if err != nil {
		return err
	}
	flow, err := start(ctx, runtime, a)
	if err != nil {
		return err
	}
	err = gaps(ctx, o, flow, a, f)
	return errors.Join(err, flow.end(), runtime.Close(ctx))
}

// gaps takes spans in turn: without a swap, with a cached version, with an unseen one.
func gaps(ctx context.Context, o *measure.Options, flow *flow, a *artifact, f *figures) error {
	span := o.Span(200 * time.Millisecond)
	time.Sleep(span) // the flow begins
	for range o.Rounds(3) {
		// Without a swap the span is as long as those with one.
		none, err := flow.gap(span, func() error { time.Sleep(span / 4); return nil })
		if err != nil {
			return err
		}
		f.none = append(f.none, ms(none))
		for _, c := range []struct {
			bytes []byte
			into  *measure.Series
		}{{a.bytes, &f.swapCached}, {a.unseen(), &f.swapCold}} {
			var hand time.Duration
			gap, err := flow.gap(span, func() (err error) {
				hand, err = flow.swap(ctx, c.bytes)
				return err
			})
			if err != nil {
				return err
			}
			*c.into = append(*c.into, ms(gap))
			f.hand = append(f.hand, ms(hand))
		}
	}
	return nil
}
