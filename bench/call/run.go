package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/guest"
	"github.com/peltonhq/pelton/bench/measure"
)

// The operations.
const (
	noop = iota
	head
	sum
	operations
)

var (
	names = [operations]string{"noop", "head", "sum"}
	words = [operations]string{"No-op", "First 64 bytes", "Sum of all bytes"}
	sizes = []int{64, 1 << 10, 16 << 10, 64 << 10, 1 << 20}
)

// most is how many bytes a call has; a larger batch is left out.
const most = 4 << 20

// contestant handles batch messages of the same payload per call, and reports whether one of them was odd.
type contestant struct {
	name, absent string
	batch        int
	with         func(payload []byte) func(op int) (odd bool, err error)
	close        func() error // of the last of those that share something; nil for the others
}

const text = `Nanoseconds per message of one call to a plugin: no-op, the first 64 bytes summed, all bytes summed. Pelton calls an instance with
a turn of 1, 16 or 64 messages, with limits on, and reads the verdicts; the bytes of a message are copied into the guest, or, where it
says mapped, shown where they lie from 16 KiB on. The peers
have one message per call; Extism and knqyf263/go-plugin run without a time limit. Mailboxes are not in it. Batches of more
than 4 MiB are left out. Allocations are per message of 1 KiB, on the host.`

// Run measures and prints.
func Run(o *measure.Options) (err error) {
	ctx := context.Background()
	o.Tell("W3: building")
	list, err := all(ctx, o)
	defer func() {
		for _, who := range list {
			if who.close != nil {
				err = errors.Join(err, who.close())
			}
		}
	}()
	if err != nil {
		return err
	}
	o.Section("W3 plugin call", text)
	figures := make([][operations][]cell, len(list))
	for i := range figures {
		for op := range operations {
			figures[i][op] = make([]cell, len(sizes))
		}
	}
	for round := range o.Rounds(5) {
		o.Tell("W3: round %d", round+1)
		for i, who := range list {
			if err := who.measure(o.Span(20*time.Millisecond), &figures[i]); err != nil {
				return fmt.Errorf("%s: %w", who.name, err)
			}
		}
	}
	for op := range operations {
		table(o, list, figures, op)
	}
	goals(o, list, figures)
	return nil
}

// goals compares with what was aimed at.
func goals(o *measure.Options, list []contestant, figures [][operations][]cell) {
	var line []string
	for i, who := range list {
		small, large := &figures[i][noop][1], &figures[i][head][3]
		if who.absent != "" {
			continue
		}
		if who.name == "Pelton, C guest" {
			switch who.batch {
			case 1:
				o.AtMost("W3, C guest, no-op, one message of 1 KiB", small.nanos.Median(), 60, " ns")
				o.AtMost("W3, C guest, allocations per call", small.allocs.Median(), 0.005, "")
			default:
				o.AtMost(fmt.Sprintf("W3, C guest, no-op, batch of %d of 1 KiB, per message", who.batch), small.nanos.Median(), 15, " ns")
			}
		}
		if who.name == mappedName {
			o.AtMost(fmt.Sprintf("W3, C guest, mapped, 64 KiB of which 64 bytes are read, batch of %d", who.batch), large.nanos.Median(), 150, " ns")
		}
		if who.name == "Pelton, C guest" && who.batch != 16 || who.batch == 1 && !strings.HasPrefix(who.name, "Pelton") {
			name := strings.Replace(who.name, "Pelton, C guest", fmt.Sprintf("**Pelton** C guest, batch of %d", who.batch), 1)
			line = append(line, fmt.Sprintf("%s %s", name, measure.Number(small.nanos.Median())))
		}
	}
	o.Brief("A plugin's call that does nothing with 1 KiB: ns per message", line...)
}

// cell is the figures of one operation and size.
type cell struct{ nanos, allocs measure.Series }

func all(ctx context.Context, o *measure.Options) ([]contestant, error) {
	var list []contestant
	batches := func(name string, p *instances) {
		for _, n := range []int{1, 16, 64} {
			list = append(list, contestant{name: name, batch: n, with: func(payload []byte) func(int) (bool, error) { return p.with(ctx, payload, n) }})
		}
	}
	p, err := open(ctx, nativeModule(), nil)
	if err != nil {
		return list, err
	}
	batches("Pelton, native Go", p)
	runtime, err := wasm.New(ctx, wasm.Options{CacheDir: filepath.Join(o.Dir, "compiled")})
	if err != nil {
		return list, err
	}
	guests, err := guest.All(ctx, o)
	if err != nil {
		return list, err
	}
	for _, g := range guests {
		name := "Pelton, " + g.Language + " guest"
		if g.Absent != "" {
			list = append(list, contestant{name: name, absent: g.Absent})
			continue
		}
		if p, err = load(ctx, runtime, g, nil); err != nil {
			return list, fmt.Errorf("%s: %w", name, err)
		}
		batches(name, p)
		if g.Language == "C" {
			shown, err := mapped(ctx, runtime, g)
			list = append(list, shown...)
			if err != nil {
				return list, fmt.Errorf("%s, mapped: %w", name, err)
			}
		}
	}
	list[len(list)-1].close = func() error { return runtime.Close(context.Background()) }
	for _, peer := range []func(context.Context, *measure.Options) (contestant, error){withExtism, withKnqyf, withHashicorp} {
		c, err := peer(ctx, o)
		list = append(list, c)
		if err != nil {
			return list, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return list, nil
}

// even is a payload of so many bytes with an even sum, of the first 64 and of all.
func even(size int) []byte { return bytes.Repeat([]byte{2, 4, 0, 6}, size/4) }

// measure calls for so long with each operation and size.
func (c *contestant) measure(span time.Duration, into *[operations][]cell) error {
	if c.absent != "" {
		return nil
	}
	for op := range operations {
		for i, size := range sizes {
			if size*c.batch > most {
				continue
			}
			call := c.with(even(size))
			if err := some(call, op, 1); err != nil { // windows grow, caches fill
				return err
			}
			n := 0
			m := measure.Start()
			for begin, step := time.Now(), 1; time.Since(begin) < span; step = min(2*step, 256) {
				if err := some(call, op, step); err != nil {
					return err
				}
				n += step * c.batch
			}
			u := m.Stop()
			into[op][i].nanos = append(into[op][i].nanos, float64(u.Wall.Nanoseconds())/float64(n))
			into[op][i].allocs = append(into[op][i].allocs, float64(u.Allocs)/float64(n))
		}
	}
	return nil
}

func some(call func(op int) (bool, error), op, n int) error {
	for range n {
		odd, err := call(op)
		if err != nil {
			return err
		}
		if odd {
			return fmt.Errorf("%s: it took an even sum for odd", names[op])
		}
	}
	return nil
}

func table(o *measure.Options, list []contestant, figures [][operations][]cell, op int) {
	o.Part(words[op], "")
	head := []string{"", "batch"}
	for _, size := range sizes {
		head = append(head, measure.Bytes(size))
	}
	t := measure.NewTable(append(head, "allocs", "1 KiB, to the C guest's single call")...)
	var base measure.Series
	for i, who := range list {
		if who.name == "Pelton, C guest" && who.batch == 1 {
			base = figures[i][op][1].nanos
		}
	}
	for i, who := range list {
		if who.absent != "" {
			t.Row(who.name, "", who.absent)
			continue
		}
		row := []string{who.name, fmt.Sprint(who.batch)}
		for _, c := range figures[i][op] {
			row = append(row, c.nanos.String())
		}
		t.Row(append(row, fmt.Sprintf("%.2f", figures[i][op][1].allocs.Median()), measure.Ratio(figures[i][op][1].nanos, base))...)
	}
	t.Write(o.Out)
}
