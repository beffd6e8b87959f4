package e2e

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
)

var million = flag.Bool("million", false, "defer a million messages in TestMillion, not a few thousand")

// parks is a source of which each message is deferred to a time of its own.
const parks = `
sources:
  flights: {demo: {count: %d}, decode: {format: json, key: origin, fields: [seq]}}
plugins:
  later: {from: [flights], wasm: {path: %s}, order: %s, config: {base: %d, step: %d, count: %d}}
sinks:
  out: {from: [later], file: {path: out.jsonl}}
limits: {release: %d/s}
`

// downtime is one run of TestMillion.
type downtime struct {
	count   int
	ahead   time.Duration // from the start to the first due time: time enough to park all, or nearly
	spread  time.Duration // of the due times
	release int           // per second
	spare   uint64        // bytes of memory that the parked messages may cost, beside the arena when they come back
}

// TestMillion defers many messages, kills the wheel, and starts it again when some are due: each comes back once, in due
// order, never early and at a bounded rate, and what waits costs no memory to speak of. In full:
//
//	go test ./internal/e2e -run TestMillion -timeout 30m -v -args -million
func TestMillion(t *testing.T) {
	t.Parallel()
	d := downtime{count: 6000, ahead: 8 * time.Second, spread: 4 * time.Second, release: 2000, spare: 40 << 20}
	if *million {
		d = downtime{count: 1_000_000, ahead: 4 * time.Minute, spread: 2 * time.Minute, release: 20_000, spare: 100 << 20}
	}
	source, err := filepath.Abs("testdata/later")
	if err != nil {
		t.Fatal(err)
	}
	built(t, source)
	far := time.Now().Add(time.Hour).UnixNano()
	idle := start(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(parks, 1, source, "none", far, 1, 1, d.release)))
	idle.await("settled")
	before := idle.stats().Memory.RSS
	idle.stop()

	base := time.Now().Add(d.ahead)
	step := d.spread.Nanoseconds() / int64(d.count)
	config := write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(parks, d.count, source, "none", base.UnixNano(), step, d.count, d.release))
	w := start(t, config)
	began := time.Now()
	w.await("settled") // what is deferred does not count
	s := w.stats()
	t.Logf("%d parked in %s, %d KiB resident", s.Lot.Parked, time.Since(began).Round(time.Millisecond), s.Memory.RSS>>10)
	if took := time.Since(base); took > 0 {
		t.Fatalf("the machine is too slow: the first of %d were due %s before all were parked", d.count, took)
	}
	w.kill()
	time.Sleep(time.Until(base.Add(d.spread / 2))) // the downtime, in which half of them become due

	began = time.Now()
	w = start(t, config)
	took, s := time.Since(began), w.stats()
	most := s.Memory.RSS
	if most > before+d.spare {
		t.Errorf("%d bytes resident with %d parked, %d with none", most, s.Lot.Parked, before)
	}
	t.Logf("listens again after %s with %d parked, %d KiB resident", took.Round(time.Millisecond), s.Lot.Parked, s.Memory.RSS>>10)
	w.until(func(s api.Stats) bool {
		most = max(most, s.Memory.RSS)
		return s.Lot.Parked == 0 && s.Settled
	})
	t.Logf("all are through after %s more, at most %d KiB resident; %d KiB with nothing parked", time.Since(began.Add(took)).Round(time.Millisecond), most>>10, before>>10)
	if arena := uint64(64 << 20); most > before+arena+d.spare {
		t.Errorf("%d bytes resident while they came back, %d with nothing parked", most, before)
	}
	d.came(t, filepath.Join(w.dir(), "out.jsonl"))
	w.stop()
}

func (w *wheel) stats() (s api.Stats) {
	w.t.Helper()
	w.says(&s, "stats")
	return s
}

// came reads what came back: each once, in due order, never early, no faster than released.
func (d downtime) came(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := make([]bool, d.count+1)
	var first, last struct{ Seq, Due, Now, Attempt int64 }
	n, backlog := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		next := last
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			t.Fatal(err)
		}
		switch {
		case seen[next.Seq]:
			t.Fatalf("message %d came twice", next.Seq)
		case next.Due < last.Due:
			t.Fatalf("message %d, due %d, came after one due %d", next.Seq, next.Due, last.Due)
		case next.Now < next.Due:
			t.Fatalf("message %d came %s early", next.Seq, time.Duration(next.Due-next.Now))
		case next.Attempt != 1:
			t.Fatalf("message %d: a defer spent an attempt: %d", next.Seq, next.Attempt)
		}
		if n == 0 {
			first = next
		}
		if next.Due < first.Now { // it was due before the first one came
			backlog++
		}
		seen[next.Seq], last = true, next
	}
	if n != d.count {
		t.Errorf("%d of %d came", n, d.count)
	}
	rate := float64(n) / time.Duration(last.Now-first.Now).Seconds()
	t.Logf("%d were due at the start; all came at %.0f/s", backlog, rate)
	if rate > 1.1*float64(d.release)+200 {
		t.Errorf("they came at %.0f/s, released are %d/s", rate, d.release)
	}
}
