package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// operated is a wheel to which flights are posted, whose plugin has a config and two readers beside it.
const operated = `
arena: {size: 1MiB, max_message: 64KiB}
sources:
  flights: {http: {}, decode: {format: json, key: origin, fields: [delay]}}
plugins:
  delays:
    from: [flights]
    wasm: {path: %s}
    config: {late_after: 15}
    order: {by: key, behind: 1000000}
    health: {window: 1s}
    limits: {memory: 16MiB}
  others:
    from: [flights]
    wasm: {path: %s}
    health: {window: 1s}
limits: {revisions: 5}
sessions:
  airports: {from: [delays.airports]}
  late: {from: [delays.late]}
  others: {from: [others.airports]}
  rest: {from: [others.late]}
`

func operatedWheel(t *testing.T) (config, source string) {
	t.Helper()
	source = changed(t, delays, "delay is not", "its delay is not")
	home, err := filepath.Abs(delays)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(operated, source, home)), source
}

// does runs a verb whose answer is one object.
func does[T any](w *wheel, args ...string) (v T) {
	w.t.Helper()
	w.says(&v, args...)
	return v
}

// TestPauseAndResume pauses a plugin while flights are posted, parks them for it, restarts the wheel meanwhile, and lets it go
// on: every flight comes to its airport once, and the plugin beside it misses nothing.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	config, _ := operatedWheel(t)
	w := start(t, config)
	p := poster{w: w}
	p.start()
	w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots >= 100 })
	if got := does[api.Plugin](w, "plugin", "pause", "delays", "--park", "--reason", "its database is down"); got.State != "paused" || got.Reason != "by tester: its database is down" || !got.Paused.Park {
		t.Errorf("paused: %+v", got)
	}
	begun := w.until(func(s api.Stats) bool { return s.Lot.ByKind["pause"] > 0 && s.Plugins[0].State == "paused" })
	w.until(func(s api.Stats) bool {
		return s.Plugins[1].Acked > begun.Plugins[1].Acked+100 && s.Lot.NextDue.IsZero()
	})
	p.stop()
	if metrics := w.get("/metrics", http.StatusOK); !strings.Contains(metrics, `pelton_plugin_paused{plugin="delays"} 1`) || !strings.Contains(metrics, `pelton_plugin_paused{plugin="others"} 0`) {
		t.Errorf("metrics:\n%s", metrics)
	}
	w.stop()

	w = start(t, config)
	p.w = w
	if got := w.plugin("delays"); got.State != "paused" || got.Paused == nil || got.Paused.Who != "tester" {
		t.Errorf("after the restart: %+v", got)
	}
	if got := does[api.Plugin](w, "plugin", "pause", "delays"); got.Paused == nil || got.Paused.Park {
		t.Errorf("paused otherwise: %+v", got)
	}
	p.start()
	s := w.until(func(s api.Stats) bool { return s.Sources[0].Reason != "" })
	if !strings.Contains(s.Sources[0].Reason, "plugin/delays: paused by an operator") || s.Plugins[0].Acked != 0 {
		t.Errorf("%+v, %+v", s.Sources[0], s.Plugins[0])
	}
	p.stop()
	if got := does[api.Plugin](w, "plugin", "resume", "delays"); got.State != "running" || got.Paused != nil {
		t.Errorf("resumed: %+v", got)
	}
	n := uint64(p.count)
	s = w.until(func(s api.Stats) bool {
		return s.Sessions[0].Sessions > 0 && s.Lot.Parked == 0 && s.Sources[0].Lanes[0].InFlight == 0 && heads(t, w, "airports") == n
	})
	if heads(t, w, "others") != n || s.Lot.Dead != 0 {
		t.Errorf("%d flights were posted: %d others, %+v", n, heads(t, w, "others"), s.Lot)
	}
	w.fails(1, []string{"session/late"}, "plugin", "pause", "session/late")
	w.stop()
}

// heads adds up the ids of a name's newest snapshots: how many there were.
func heads(t *testing.T, w *wheel, name string) (n uint64) {
	t.Helper()
	for after := ""; ; {
		page, next, err := w.client().Heads(t.Context(), name, after, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page {
			n += h.ID
		}
		if after = next; after == "" {
			return n
		}
	}
}

// post posts one flight.
func post(w *wheel, flight string) {
	w.t.Helper()
	answer, err := http.Post("http://"+w.http+"/v1/sources/flights", "application/json", strings.NewReader(flight))
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		w.t.Errorf("post: %s", answer.Status)
	}
}

// TestRevisions walks through push, swap by digest and by revision, --expect, pin, diff, config changes and delete.
func TestRevisions(t *testing.T) {
	t.Parallel()
	config, source := operatedWheel(t)
	second := changed(t, delays, "not a number of minutes", "not a whole number of minutes")
	w := start(t, config)
	pushed := does[struct {
		Digest string
		Size   int
		Known  bool
	}](w, "plugin", "push", second)
	if again := does[struct{ Known bool }](w, "plugin", "push", second); pushed.Known || pushed.Size == 0 || !again.Known {
		t.Errorf("pushed %+v, then %+v", pushed, again)
	}
	w.fails(1, []string{"revision 1 is live, not 7 as expected"}, "plugin", "swap", "delays", pushed.Digest, "--expect", "7")
	if r := does[api.SwapResult](w, "plugin", "swap", "delays", pushed.Digest, "--expect", "1"); r.Outcome != api.OutcomeLive || r.Revision != 2 || r.Digest != pushed.Digest {
		t.Errorf("swapped: %+v", r)
	}
	w.fails(1, []string{"revision 2 is live, not 1"}, "plugin", "rollback", "delays", "--expect", "1")
	pins(w)
	w.stop()

	// The config of the plugin changes, its code does not: what was swapped in stays, with the new config.
	edit(t, config, "late_after: 15", "late_after: 99")
	w = start(t, config)
	if why := w.reason("revision", "delays"); why != "the config has changed since revision 1; its code has not, and that of revision 2 stays" {
		t.Errorf("after the config has changed: %s", why)
	}
	rows := w.history("delays", "config superseded", "swap superseded", "config live")
	if rows[2].Digest != pushed.Digest || rows[2].ConfigHash == rows[1].ConfigHash || rows[0].ConfigHash != rows[1].ConfigHash || !slices.Equal(rows[2].Outputs, []string{"airports", "late"}) {
		t.Errorf("%+v", rows)
	}
	d := does[api.Diff](w, "plugin", "diff", "delays")
	if d.From.Number != 2 || d.To.Number != 3 || !strings.Contains(d.Config, `-    "late_after": 15`) || !strings.Contains(d.Config, `+    "late_after": 99`) {
		t.Errorf("%+v", d)
	}
	if d := does[api.Diff](w, "plugin", "diff", "delays", "1", "2"); d.Config != "" || len(d.Changes) == 0 || d.Changes[0].What != "digest" || d.Changes[0].To != pushed.Digest {
		t.Errorf("%+v", d)
	}
	// A rollback brings the config of its revision back.
	if r := does[api.SwapResult](w, "plugin", "rollback", "delays"); r.Outcome != api.OutcomeLive || r.Revision != 4 {
		t.Errorf("rolled back: %+v", r)
	}
	post(w, `{"origin":"AAA","delay":20}`)
	w.until(func(s api.Stats) bool { return s.Plugins[0].Acked == 1 })
	if s := w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots == 1 }); s.Sessions[1].Snapshots != 1 {
		t.Errorf("20 minutes are late by the config that was brought back: %+v", s.Sessions)
	}
	tells(w, pushed.Digest)
	deletes(w, pushed.Digest)
	w.stop()

	// The history is bounded, and a change of code goes live.
	edit(t, filepath.Join(source, "main.go"), "not a number of minutes", "no number of minutes")
	w = start(t, config)
	if why := w.reason("revision", "delays"); why != "the config's code has changed since revision 3" {
		t.Errorf("after the code has changed: %s", why)
	}
	w.says(new(api.SwapResult), "plugin", "swap", "delays", "4")
	if rows := does[[]api.Revision](w, "plugin", "history", "delays"); len(rows) != 5 || rows[0].Number != 2 || rows[4].Number != 6 || rows[4].Digest != rows[2].Digest {
		t.Errorf("%+v", rows)
	}
	w.stop()
}

// tells checks that revision 4 and its digest are on what it made: a snapshot, a dead letter, metrics.
func tells(w *wheel, digest string) {
	w.t.Helper()
	snapshot, err := w.client().Get(w.t.Context(), "airports", "AAA", 0)
	if err != nil || snapshot.Revision != 4 {
		w.t.Errorf("snapshot %+v, %v", snapshot, err)
	}
	post(w, `{"origin":"AAA","delay":"none"}`)
	w.until(func(s api.Stats) bool { return s.Lot.Dead == 2 && s.Plugins[0].Dead == 1 })
	if dead := does[[]map[string]any](w, "dead", "list", "--plugin", "delays"); len(dead) != 1 || dead[0]["revision"] != 4.0 || dead[0]["digest"] != digest {
		w.t.Errorf("%v", dead)
	}
	metrics := w.get("/metrics", http.StatusOK)
	for _, line := range []string{
		fmt.Sprintf(`pelton_plugin_info{digest=%q,plugin="delays",revision="4",state="running"} 1`, digest),
		`pelton_plugin_verdicts_total{plugin="delays",revision="4",verdict="dead"} 1`, `pelton_plugin_revisions{plugin="delays"} 4`,
	} {
		if !strings.Contains(metrics, line) {
			w.t.Errorf("no %s in\n%s", line, metrics)
		}
	}
}

// pins lets nobody change the plugin, tries to, and unpins it.
func pins(w *wheel) {
	w.t.Helper()
	if p := does[api.Plugin](w, "plugin", "pin", "delays", "--reason", "audit"); p.Pinned == nil || p.Pinned.Why != "audit" {
		w.t.Errorf("pinned: %+v", p)
	}
	w.fails(1, []string{"delays is pinned to revision 2 by tester: audit", "--off"}, "plugin", "rollback", "delays")
	w.fails(1, []string{"delays is pinned"}, "plugin", "swap", "delays", "1")
	if p := does[api.Plugin](w, "plugin", "pin", "delays", "--off"); p.Pinned != nil {
		w.t.Errorf("unpinned: %+v", p)
	}
}

// deletes removes what may be removed, and tries the rest. Revisions 2, 3 and 4 have the same code, and 4 is live.
func deletes(w *wheel, digest string) {
	w.t.Helper()
	w.fails(1, []string{"revision 4 is live"}, "plugin", "delete", "delays", "4")
	w.fails(1, []string{"needs it for revision"}, "plugin", "delete", "--artifact", digest)
	w.fails(1, []string{"delays is in the config"}, "plugin", "delete", "delays")
	w.fails(2, []string{"want a number from 1"}, "plugin", "delete", "delays", "first")
	if r := does[api.Removed](w, "plugin", "delete", "delays", "2"); r != (api.Removed{Revisions: 1}) {
		w.t.Errorf("deleted: %+v", r)
	}
	if r := does[api.Removed](w, "plugin", "delete", "delays", "1"); r != (api.Removed{Revisions: 1, Artifacts: 1}) {
		w.t.Errorf("deleted: %+v", r)
	}
	w.fails(1, []string{"the artifact of revision 1 was deleted"}, "plugin", "swap", "delays", "1")
}

// TestPinnedOverRestart changes the code of a pinned plugin: what is pinned runs, with a warning, until it is unpinned and
// the wheel starts anew.
func TestPinnedOverRestart(t *testing.T) {
	t.Parallel()
	config, source := operatedWheel(t)
	w := start(t, config)
	w.says(new(api.Plugin), "plugin", "pin", "delays", "--reason", "audit")
	w.stop()
	edit(t, filepath.Join(source, "main.go"), "not a number of minutes", "no number of minutes")
	w = startWarned(t, config)
	if why := w.reason("revision", "delays"); why != "it is pinned by tester: audit" {
		t.Errorf("revision: %s", why)
	}
	if why := w.reason("warning", "delays"); !strings.Contains(why, "pinned to revision 1: what has changed in the config since revision 1 waits") {
		t.Errorf("warning: %s", why)
	}
	w.says(new(api.Plugin), "plugin", "pin", "delays", "--off")
	w.stop()
	w = start(t, config)
	w.history("delays", "config superseded", "config live")
	w.stop()

	// A plugin that leaves the config leaves its history, until that is deleted.
	edit(t, config, "  delays:\n", "  delay:\n")
	edit(t, config, "delays.", "delay.")
	w = start(t, config)
	if rows := does[[]api.Revision](w, "plugin", "history", "delays"); len(rows) != 2 {
		t.Errorf("%+v", rows)
	}
	if r := does[api.Removed](w, "plugin", "delete", "delays"); r != (api.Removed{Revisions: 2, Artifacts: 1}) { // the newest code is delay's too
		t.Errorf("deleted: %+v", r)
	}
	w.fails(1, []string{"there is none of this name"}, "plugin", "history", "delays")
	w.stop()
}

// TestLogs follows what a plugin logs over a swap.
func TestLogs(t *testing.T) {
	t.Parallel()
	config, _ := operatedWheel(t)
	talks := changed(t, delays, "late := delay", "pelton.Log(pelton.Warn, \"delay \"+strconv.FormatInt(delay, 10)); late := delay")
	w := start(t, config)
	w.says(new(api.SwapResult), "plugin", "swap", "delays", talks)
	for delay := range 3 {
		post(w, fmt.Sprintf(`{"origin":"AAA","delay":%d}`, delay))
	}
	w.until(func(s api.Stats) bool {
		return s.Plugins[0].Acked == 3 && s.Plugins[0].LogLines >= 3 && s.Plugins[0].LogBytes > 0
	})
	lines := does[[]api.LogLine](w, "plugin", "logs", "delays", "--tail", "2", "--level", "warn")
	if len(lines) != 2 || lines[0].Text != "delay 1" || lines[1].Text != "delay 2" || lines[1].Revision != 2 || lines[1].Level != "warn" || lines[1].Time.IsZero() {
		t.Errorf("%+v", lines)
	}
	if lines := does[[]api.LogLine](w, "plugin", "logs", "delays", "--level", "error"); len(lines) != 0 {
		t.Errorf("%+v", lines)
	}
	w.fails(2, []string{"want debug, info, warn or error"}, "plugin", "logs", "delays", "--level", "loud")
	follow := w.asks("plugin", "logs", "delays", "--follow", "--json", "--tail", "1")
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	next := json.NewDecoder(out)
	for want := range 2 {
		var line api.LogLine
		if err := next.Decode(&line); err != nil || line.Text != fmt.Sprint("delay ", want+2) {
			t.Errorf("%+v, %v", line, err)
		}
		if want == 0 {
			post(w, `{"origin":"AAA","delay":3}`)
		}
	}
	_ = follow.Process.Kill()
	_ = follow.Wait()
	w.stop()
}

// TestResumeStopped resumes a plugin that stopped after the last attempt of a message: it gets one attempt more.
func TestResumeStopped(t *testing.T) {
	t.Parallel()
	home, err := filepath.Abs("testdata/picky")
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(`
sources:
  flights: {http: {}, decode: {format: json, fields: [seq]}}
plugins:
  picky:
    from: [flights]
    wasm: {path: %s}
    retry: {attempts: 2, initial: 10ms, then: stop}
sessions:
  out: {from: [picky]}
`, home)))
	post(w, `{"seq":11}`)
	for deliveries := uint64(2); deliveries < 5; deliveries++ {
		w.until(func(s api.Stats) bool {
			return s.Plugins[0].Deliveries == deliveries && s.Plugins[0].State == "stopped"
		})
		if p := w.plugin("picky"); p.State != "stopped" || p.Reason != "stopped after 2 attempts: never" {
			t.Errorf("%+v", p)
		}
		w.says(new(api.Plugin), "plugin", "resume", "picky")
	}
	w.stop()
}
