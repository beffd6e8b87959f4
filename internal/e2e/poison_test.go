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

// poison is a wheel one in a hundred of whose messages its plugin can't digest.
const poison = `
sources:
  flights: {demo: {count: %d}, decode: {format: json, key: origin, fields: [seq]}}
plugins:
  poison:
    from: [flights]
    wasm: {path: %s}
    config: {seed: %d}
    retry: {attempts: 3, initial: 1ms, max: 1ms}
    health: {window: 500ms}
sinks:
  out: {from: [poison], file: {path: out.jsonl}}
limits: {replays: 2}
`

// poisonous is what the plugin of that name can't digest.
func poisonous(seq, seed, of uint64) bool {
	x := (seq + seed) * 0x9e3779b97f4a7c15
	return (x^x>>31)*0xbf58476d1ce4e5b9>>32%of == 0
}

// TestPoison gives up every poisonous message once and no other, after its attempts. Replays in vain end at the loop guard,
// and the letters keep their history. With the plugin mended a replay, interrupted and run again, empties the dead letters
// (D1): every message went through once.
func TestPoison(t *testing.T) {
	t.Parallel()
	const count = 4000
	seed := random(t).Uint64N(1 << 50)
	source, err := filepath.Abs("testdata/poison")
	if err != nil {
		t.Fatal(err)
	}
	fixed := built(t, changed(t, source, "fixed = false", "fixed = true"))
	bad := poisons(count, seed, 100)
	w := start(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(poison, count, source, seed)))
	if f := w.await("settled").Figures; f.Messages != count || f.Dead != uint64(len(bad)) || f.Sinks["out"] != uint64(count-len(bad)) {
		t.Errorf("settled with %+v, want %d dead", f, len(bad))
	}
	first := w.poisoned(bad, 0)
	w.inVain(len(bad), 1)
	w.inVain(len(bad), 2)
	for id, d := range w.poisoned(bad, 2) {
		if !d.First.Equal(first[id].First) || !d.Last.After(first[id].Last) {
			t.Errorf("%s failed first at %s and last at %s; before at %s and %s", id, d.First, d.Last, first[id].First, first[id].Last)
		}
	}
	var result api.ReplayResult
	if w.says(&result, "dead", "replay"); result.Replayed != 0 || len(result.Skipped) != len(bad) || !strings.Contains(result.Skipped[0].Reason, "limits.replays") {
		t.Errorf("a third replay in vain: %+v", result)
	}

	var swap api.SwapResult
	if w.says(&swap, "plugin", "swap", "poison", fixed); swap.Outcome != api.OutcomeLive {
		t.Fatalf("%+v", swap)
	}
	w.interrupted(len(bad))
	w.says(&result, "dead", "replay", "--state", "dead", "--force")
	w.until(func(s api.Stats) bool { return s.Settled && s.Sinks[0].Written == count })
	var dropped struct{ Dropped int }
	if w.says(&dropped, "dead", "drop", "--state", "settled"); dropped.Dropped != len(bad) {
		t.Errorf("dropped %d settled ones of %d", dropped.Dropped, len(bad))
	}
	if r := w.run("dead", "list"); r.code != 0 || r.out != "" {
		t.Errorf("left: %+v", r)
	}
	w.stop()
	w.through(count)
	t.Logf("%d of %d messages were poison: each %d attempts and 2 replays in vain; all are through", len(bad), count, 3)
}

// poisons are the poisonous messages of so many.
func poisons(count int, seed, of uint64) map[int]bool {
	bad := map[int]bool{}
	for seq := range count + 1 {
		if seq > 0 && poisonous(uint64(seq), seed, of) {
			bad[seq] = true
		}
	}
	return bad
}

// poisoned holds the dead letters against the poisonous messages: each once.
func (w *wheel) poisoned(bad map[int]bool, replays int) map[string]api.DeadLetter {
	w.t.Helper()
	all, err := w.client().AllDead(limited(w.t), api.DeadQuery{Plugin: "poison", State: api.DeadStateDead, Kind: api.DeadDelivery, Source: "flights", Reason: "poison"})
	if err != nil {
		w.t.Fatal(err)
	}
	seen, letters := map[int]bool{}, map[string]api.DeadLetter{}
	for _, d := range all {
		seq := seqOf(w.t, d.Payload)
		if !bad[seq] || seen[seq] || d.Attempts != 3 || d.Replays != replays || d.Revision != 1 || d.First.IsZero() {
			w.t.Errorf("dead letter of message %d: %+v", seq, d)
		}
		seen[seq], letters[d.ID] = true, d
	}
	if len(seen) != len(bad) {
		w.t.Errorf("%d of %d poisonous messages are dead letters", len(seen), len(bad))
	}
	return letters
}

// inVain replays what will fail again, and waits until it did.
func (w *wheel) inVain(n, replays int) {
	w.t.Helper()
	since := w.stats().Time
	var result api.ReplayResult
	if w.says(&result, "dead", "replay", "--plugin", "poison"); result.Replayed != n || len(result.Skipped) != 0 {
		w.t.Errorf("replay %d: %+v", replays, result)
	}
	c, ctx := w.client(), limited(w.t)
	w.until(func(api.Stats) bool {
		all, err := c.AllDead(ctx, api.DeadQuery{State: api.DeadStateDead, Since: since})
		return err == nil && len(all) == n
	})
}

// interrupted begins a slow replay and interrupts it: some are through, the others are as they were.
func (w *wheel) interrupted(n int) {
	w.t.Helper()
	before := w.stats().Sinks[0].Written
	c := w.asks("dead", "replay", "--force", "--rate", "10/s")
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.until(func(s api.Stats) bool { return s.Sinks[0].Written >= before+2 })
	if err := c.Process.Signal(os.Interrupt); err != nil {
		w.t.Fatal(err)
	}
	_ = c.Wait() // how it ended is in ProcessState
	if code := c.ProcessState.ExitCode(); code != 1 || !strings.Contains(said.String(), "interrupted after ") || !strings.Contains(said.String(), fmt.Sprintf("of %d dead letters", n)) {
		w.t.Errorf("exit %d: %s", code, said.String())
	}
	all, err := w.client().AllDead(limited(w.t), api.DeadQuery{State: api.DeadStateDead})
	if err != nil || len(all) == 0 || len(all) >= n {
		w.t.Errorf("%d of %d are left, %v", len(all), n, err)
	}
}

// through holds the sink against the messages: each once.
func (w *wheel) through(count int) {
	w.t.Helper()
	seen := make([]int, count+1)
	for line := range strings.Lines(read(w.t, filepath.Join(w.dir(), "out.jsonl"))) {
		n := 0
		if _, err := fmt.Sscanf(line, `{"seq":%d`, &n); err != nil || n < 1 || n > count {
			w.t.Fatalf("line %q: %v", line, err)
		}
		seen[n]++
	}
	for seq, n := range seen[1:] {
		if n != 1 {
			w.t.Errorf("message %d went through %d times", seq+1, n)
		}
	}
}
