package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
)

var stuck = flag.Duration("stuck", 10*time.Second, "how long the sinks of the tests of pressure take nothing")

// pressure is far more input than the arenas have room for, and a sink that takes it only when somebody reads.
const pressure = `
arena: {size: %s, max_message: 64KiB}
sources:
  flights: {demo: {count: %d, size: %s}, decode: {format: json, key: origin, fields: [seq]}}
%s
sinks:
  out: {from: [%s], stdout: {}}
`

// doubles is a chain of three, each of which makes two of one, in the smallest queues that the config allows.
const doubles = `
plugins:
  a: {from: [flights], wasm: {path: DIR/double}, limits: {queue: 64KiB, output: 64KiB}}
  b: {from: [a], wasm: {path: DIR/double}, limits: {queue: 64KiB, output: 64KiB}}
  c: {from: [b], wasm: {path: DIR/double}, limits: {queue: 64KiB, output: 64KiB}}
`

const passes = "plugins: {pass: {from: [flights], wasm: {path: DIR/copy}}}"

// TestPressure stops reading what a wheel writes: its sources pause and its memory stays (A2). When the reading goes on
// everything arrives.
func TestPressure(t *testing.T) {
	t.Parallel()
	home, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, arena, size, plugins, from string
		count, copies                    int
	}{
		{"source", "1MiB", "4000B", "", "flights", 50_000, 1},
		{"plugin", "1MiB", "4000B", passes, "pass", 50_000, 1},
		{"chain", "1MiB", "4000B", doubles, "c", 3000, 8},
		{"chain large", "1MiB", "16000B", doubles, "c", 1000, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf(pressure, c.arena, c.count, c.size, strings.ReplaceAll(c.plugins, "DIR", home), c.from)
			out, w := pressed(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), text))
			w.holds()
			arrives(t, out, c.count, c.copies)
			if f := w.await("settled").Figures; f.Messages != uint64(c.count) || f.Sinks["out"] != uint64(c.count*c.copies) || f.Dead+f.Parked != 0 {
				t.Errorf("settled with %+v", f)
			}
			w.stop()
		})
	}
}

// slow is a plugin that is slow, gives up one message in ten, and feeds sinks that take nothing.
const slow = `plugins:
  slow:
    from: [flights]
    wasm: {path: DIR/poison}
    config: {seed: %d, of: 10, spin: 100}
    retry: {attempts: 2, initial: 1ms, max: 1ms}`

// ceiling is what a wheel with one small plugin takes beside its arenas: the program, compiled code, instances, the store's
// caches and what Go's collector has not given back.
const ceiling = 224 << 20

// TestCeiling has everything against it at once: the sinks take nothing, the plugin is slow, one message in ten is poison, and
// the input comes as fast as it is taken. The memory stays within the arena and a constant, the source pauses, and when the
// sinks go on nothing is lost: each message comes, or is a dead letter, once (A2, D1).
func TestCeiling(t *testing.T) {
	t.Parallel()
	const count = 3000
	home, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seed := random(t).Uint64N(1 << 50)
	bad := poisons(count, seed, 10)
	plugins := fmt.Sprintf(strings.ReplaceAll(slow, "DIR", home), seed)
	text := fmt.Sprintf(pressure, "1MiB", count, "4000B", plugins, "slow")
	out, w := pressed(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), text))
	most := w.holds()
	seen := make([]int, count+1)
	for i := range count - len(bad) {
		line, err := out.ReadBytes('\n')
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		seen[seqOf(t, line)]++
	}
	for seq := range count + 1 {
		if (seen[seq] == 1) == (seq == 0 || bad[seq]) {
			t.Errorf("message %d came %d times; poison: %v", seq, seen[seq], bad[seq])
		}
	}
	if f := w.await("settled").Figures; f.Messages != count || f.Dead != uint64(len(bad)) || f.Parked != 0 {
		t.Errorf("settled with %+v, want %d dead", f, len(bad))
	}
	s := w.stats()
	if most = max(most, s.Memory.RSS); most > 1<<20+ceiling {
		t.Errorf("%d bytes resident with an arena of 1 MiB", most)
	}
	if waited := s.Sources[0].Waited["target"]; waited < uint64(stuck.Milliseconds())/2 {
		t.Errorf("the source waited %d ms for its target: %v", waited, s.Sources[0].Waited)
	}
	t.Logf("%d of %d are dead letters; at most %d KiB resident; waited %v ms", len(bad), count, most>>10, s.Sources[0].Waited)
	w.stop()
}

// pressed runs a wheel with a pipe for its standard output.
func pressed(t *testing.T, config string) (*bufio.Reader, *wheel) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	c := wheelOf(t, config)
	c.Stdout = in
	w := launch(t, c)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReaderSize(out, 1<<20), w
}

// holds waits until the wheel is paused, and watches that it stays so with the memory it has; it returns the most of that.
func (w *wheel) holds() uint64 {
	w.t.Helper()
	const spare = 16 << 20
	var before api.Stats
	still := 0
	began := w.until(func(s api.Stats) bool { // a source pauses often for a moment; here it has come to rest
		if still++; s.Sources[0].State != "paused" || len(before.Sinks) == 0 || s.Sinks[0].Queued != before.Sinks[0].Queued || s.Sources[0].Messages != before.Sources[0].Messages {
			still = 0
		}
		before = s
		return still == 10
	})
	if why := began.Sources[0].Reason; !strings.Contains(why, "sink/out") {
		w.t.Errorf("paused: %q, want the sink's name", why)
	}
	over := errors.New("long enough")
	end := time.Now().Add(*stuck)
	looks, most := 0, began.Memory.RSS
	err := w.client().WatchStats(limited(w.t), 100*time.Millisecond, func(s api.Stats) error {
		looks++
		most = max(most, s.Memory.RSS)
		if s.Memory.RSS > began.Memory.RSS+spare {
			return fmt.Errorf("resident memory went from %d to %d bytes", began.Memory.RSS, s.Memory.RSS)
		}
		if s.Sources[0].State != "paused" || s.Settled || s.Sinks[0].Written > 0 && s.Sinks[0].Written != began.Sinks[0].Written {
			return fmt.Errorf("it went on although nobody read: %+v, %+v", s.Sources[0], s.Sinks[0])
		}
		if time.Now().After(end) {
			return over
		}
		return nil
	})
	if !errors.Is(err, over) {
		w.t.Errorf("in the pause: %v", err)
	}
	w.t.Logf("paused: %s; %d looks, %d KiB resident at first, %d at most", began.Sources[0].Reason, looks, began.Memory.RSS>>10, most>>10)
	return most
}

// arrives reads every message by its number, from 1: each comes so many times, and none is missing.
func arrives(t *testing.T, out *bufio.Reader, count, copies int) {
	t.Helper()
	seen := make([]int, count+1)
	for i := range count * copies {
		line, err := out.ReadBytes('\n')
		if err != nil {
			t.Fatalf("line %d of %d: %v", i+1, count*copies, err)
		}
		seq := seqOf(t, line)
		if seq < 1 || seq > count || !bytes.HasSuffix(line, []byte("\"}\n")) {
			t.Fatalf("line %d is %.100q … %q", i+1, line, line[max(0, len(line)-20):])
		}
		seen[seq]++
	}
	for seq, n := range seen[1:] {
		if n != copies {
			t.Errorf("message %d came %d times, want %d", seq+1, n, copies)
		}
	}
}
