package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// TestKill kills a wheel ten times while flights flow.
func TestKill(t *testing.T) {
	t.Parallel()
	config := example(t)
	r := reader{t: t, name: "airports"}
	killed(t, config, &r, 10, 1500)

	w := start(t, config)
	w.await("settled")
	finished(t, w, &r, flights(t), always)
	figures(t, w)
	ord(t, w)
	w.stop()
}

// killed kills a wheel a number of times, each time behind 1 to most further snapshots. All together are fewer than
// there will be, so that a reader never waits in vain.
func killed(t *testing.T, config string, r *reader, kills, most int) {
	t.Helper()
	rnd := random(t)
	for i := range kills {
		n := 1 + rnd.IntN(most)
		w := start(t, config)
		r.read(w, n)
		stats, err := w.client().Stats(limited(t))
		if err != nil {
			t.Fatal(err)
		}
		w.kill()
		at, size := watermark(t, stats)
		t.Logf("kill %d behind %d further snapshots, %d in all; watermark %d of %d", i+1, n, len(r.seen), at, size)
		if at >= size || stats.Settled {
			t.Errorf("kill %d came when everything was done", i+1)
		}
	}
}

// finished reads the snapshots that are left and holds everything against the oracle. What was seen before a kill is
// what a fresh follower sees now (S4). That the last process, too, made snapshots shows that every kill fell before
// the last message; that the reader saw some before the first, that it fell behind the first message.
func finished(t *testing.T, w *wheel, r *reader, o *oracle, ordered func(string) bool) {
	t.Helper()
	r.read(w, o.total-len(r.seen))
	stats := w.until(func(s api.Stats) bool { return s.Settled && s.Lot.Parked == 0 })
	if made := stats.Sessions[0].Snapshots; made == 0 {
		t.Error("the last kill came behind the last message")
	}
	if at, size := watermark(t, stats); at != size || stats.Lot.Dead != 0 {
		t.Errorf("settled with watermark %d of %d and %d dead", at, size, stats.Lot.Dead)
	}
	fresh := reader{t: t, name: "airports"}
	fresh.read(w, len(r.seen))
	for i := range fresh.seen {
		if now, then := fresh.seen[i], r.seen[i]; now.Key != then.Key || now.ID != then.ID || now.Epoch != then.Epoch || !bytes.Equal(now.Payload, then.Payload) {
			t.Fatalf("snapshot %d of all was %+v, and is %+v now", i, then, now)
		}
	}
	o.snapshots(t, fresh.seen, ordered)
	o.sink(t, read(t, filepath.Join(w.dir(), "late.jsonl")))
}

// ord follows ORD from the beginning: ids 1 to 1095 without a hole.
func ord(t *testing.T, w *wheel) {
	t.Helper()
	id, epoch := 0, ""
	err := sse(limited(t), w.http, "/v1/sessions/airports/ORD/events?after=", func(e sseEvent) bool {
		if e.name == "hello" {
			return true
		}
		id++
		if epoch == "" {
			epoch, _, _ = strings.Cut(e.id, ":")
		}
		if want := fmt.Sprintf("%s:%d", epoch, id); e.name != "snapshot" || e.id != want {
			t.Errorf("%s %s, want snapshot %s", e.name, e.id, want)
			return false
		}
		return id < 1095
	})
	if err != nil || id != 1095 {
		t.Errorf("follow ORD: %d snapshots, %v", id, err)
	}
}

// TestKillDefers kills a wheel whose plugin defers every seventh flight: in memory, or parked in the store. Airports
// before D let later flights pass a deferred one; of the others the order holds all the same (D3).
func TestKillDefers(t *testing.T) {
	t.Parallel()
	numbered := filepath.Join(t.TempDir(), "numbered.jsonl")
	number(t, "../../examples/flights/flights.jsonl", numbered)
	plugin, err := filepath.Abs("testdata/defers")
	if err != nil {
		t.Fatal(err)
	}
	config := example(t,
		"path: flights.jsonl", "path: "+numbered,
		"path: plugins/delays", "path: "+plugin,
		"fields: [origin, delay]", "fields: [origin, delay, seq]",
	)
	r := reader{t: t, name: "airports"}
	killed(t, config, &r, 5, 1500)

	w := start(t, config)
	w.until(func(s api.Stats) bool { return s.Plugins[0].Deferred > 0 && s.Lot.ByKind["defer"] > 0 }) // in memory, and parked
	w.await("settled")
	finished(t, w, &r, newOracle(t, numbered), func(airport string) bool { return airport >= "D" })
	figures(t, w)
	ord(t, w)
	w.stop()
}

// number copies flights, each with its number as field seq, from 1.
func number(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	seq := 0
	for line := range bytes.Lines(text) {
		seq++
		fmt.Fprintf(&out, `{"seq":%d,%s`, seq, line[1:])
	}
	write(t, to, out.String())
}
