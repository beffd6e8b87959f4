package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
)

// applied writes the flights' config with changes, pairs of old and new.
func applied(t *testing.T, path, plugin string, replace ...string) string {
	t.Helper()
	text := strings.Replace(fmt.Sprintf(pushed, plugin), "window: 60s", "window: 1s", 1)
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("the config has no %q", replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	return write(t, path, text)
}

// TestApply changes the config twenty times while flights are posted: by the verb, by a signal, by the file that changes.
// Every flight comes to its airport once, and a connection stays open throughout.
func TestApply(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), built(t, changed(t, delays))
	file, next := filepath.Join(dir, "pelton.yaml"), filepath.Join(dir, "next.yaml")
	w := start(t, applied(t, file, home), "--watch")
	p, keeper := poster{w: w}, newKeeper(w)
	keeper.ask()
	p.start()
	more := "plugins:\n  again: {from: [delays.airports], wasm: {path: " + home + "}, limits: {memory: 16MiB}}"
	ends := "sinks:\n  late: {from: [delays.late], file: {path: late.jsonl}}\nsessions:\n  copies: {from: [flights]}"
	for i := range 5 {
		late := fmt.Sprintf("limits: {memory: %dMiB}\n    config: {late_after: %d}", 16+i, 20+i)
		applied(t, next, home, "limits: {memory: 16MiB}", late) // a swap, by the verb
		var plan delta.Plan
		w.says(&plan, "apply", next)
		if len(plan.Changes) == 0 || plan.Changes[0].Effect != delta.EffectSwap || len(plan.Drained) > 0 {
			t.Errorf("%+v", plan)
		}
		applied(t, next, home, "limits: {memory: 16MiB}", late, "plugins:", more, "sessions:", ends)
		if r := w.run("apply", next); r.code != 0 || !strings.Contains(r.out, "+ plugin again\n") || !strings.Contains(r.out, "lanes drained and opened again: flights\n") {
			t.Fatalf("%+v", r)
		}
		for _, outcome := range []string{api.AppliedChanged, api.AppliedChanged} {
			if e := w.await("apply"); e.Outcome != outcome {
				t.Errorf("apply: %+v", e)
			}
		}
		applied(t, file, home, "limits: {memory: 16MiB}", "limits: {memory: 16MiB}\n    instances: 2") // by the file that changes
		if e := w.await("apply"); e.Outcome != api.AppliedChanged {
			t.Errorf("watched: %+v", e)
		}
		if err := os.WriteFile(file+"~", []byte(strings.Replace(fmt.Sprintf(pushed, home), "window: 60s", "window: 1s", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+"~", file); err != nil { // as an editor does
			t.Fatal(err)
		}
		if e := w.await("apply"); e.Outcome != api.AppliedChanged {
			t.Errorf("renamed: %+v", e)
		}
		keeper.ask()
	}
	p.stop()
	s := w.until(func(s api.Stats) bool {
		n := uint64(p.count)
		return s.Sessions[0].Snapshots >= n && s.Sources[0].Messages >= n && s.Sources[0].Lanes[0].InFlight == 0
	})
	if s.Sessions[0].Snapshots != uint64(p.count) || s.Config.Outcomes[api.AppliedChanged] != 20 {
		t.Errorf("%d flights were posted: %+v, %+v", p.count, s.Sessions[0], s.Config)
	}
	w.stop()
}

// keeper asks for a session over one connection that it keeps.
type keeper struct {
	w      *wheel
	client *http.Client
	reused bool
}

func newKeeper(w *wheel) *keeper {
	k := &keeper{w: w, client: &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}}
	w.t.Cleanup(k.client.CloseIdleConnections)
	return k
}

func (k *keeper) ask() {
	k.w.t.Helper()
	ctx := httptrace.WithClientTrace(k.w.t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if k.reused && !c.Reused {
			k.w.t.Error("the connection was closed")
		}
		k.reused = true
	}})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+k.w.http+"/v1/sessions/airports/A1", http.NoBody)
	if err != nil {
		k.w.t.Fatal(err)
	}
	answer, err := k.client.Do(r)
	if err != nil {
		k.w.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

// TestApplyRefused sends what can't be applied while flights are posted: the wheel says why, and goes on as before.
func TestApplyRefused(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), built(t, changed(t, delays))
	file, next := filepath.Join(dir, "pelton.yaml"), filepath.Join(dir, "next.yaml")
	w := start(t, applied(t, file, home))
	p := poster{w: w}
	p.start()
	w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots >= 10 })

	applied(t, next, home, "from: [flights]", "form: [flights]")
	w.fails(2, []string{next + ":6:5: plugins.delays.form: unknown key", "from"}, "apply", next)
	applied(t, next, home, "from: [delays.late]", "from: [delays.lost]")
	w.fails(2, []string{next + ":", `no output "lost"`}, "apply", next)
	applied(t, next, home, "sources:", "store: {max_bytes: 1GiB}\nsources:")
	w.fails(1, []string{next + ":2:9: store.max_bytes: 0B -> 1GiB needs a restart"}, "apply", next)
	if abs, err := filepath.Abs(delays + "-bad"); err != nil {
		t.Fatal(err)
	} else {
		applied(t, next, abs, "sessions:", "sessions:\n  more: {from: [delays.late]}")
	}
	w.fails(1, []string{"the wheel runs as before", "delays", "was rolled back", "the first delivery failed"}, "apply", next)

	applied(t, next, home, "memory: 16MiB", "memory: 17MiB")
	var plan delta.Plan
	w.says(&plan, "apply", next, "--plan")
	applied(t, next, home, "memory: 16MiB", "memory: 18MiB")
	w.fails(1, []string{"does not hold any more"}, "apply", next, "--plan-hash", plan.Hash)
	applied(t, next, home, "memory: 16MiB", "memory: 17MiB")
	if r := w.run("apply", next, "--plan-hash", plan.Hash[:20]); r.code != 0 || !strings.Contains(r.out, "~ plugin delays: limits.memory 16MiB -> 17MiB\n") || !strings.HasSuffix(r.out, "applied\n") {
		t.Errorf("%+v", r)
	}
	w.fails(1, []string{"does not hold any more"}, "apply", next, "--plan-hash", plan.Hash)

	applied(t, file, home, "from: [flights]", "form: [flights]")
	if err := w.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for e := w.await("apply"); ; e = w.await("apply") { // those before it too
		if strings.Contains(e.Reason, "pelton.yaml:6:5: plugins.delays.form") {
			break
		}
	}
	applied(t, file, home, "memory: 16MiB", "memory: 19MiB")
	if err := w.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if e := w.await("apply"); e.Outcome != api.AppliedChanged {
		t.Errorf("by a signal: %+v", e)
	}
	p.stop()
	w.settle(&p)
	w.stop()
}

// TestApplyPinned applies a change of a pinned plugin, which is refused with all of its config, and of others, which is not;
// unpinned it is a revision like any other, and can be gone back from.
func TestApplyPinned(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), built(t, changed(t, delays))
	file, next := filepath.Join(dir, "pelton.yaml"), filepath.Join(dir, "next.yaml")
	w := start(t, applied(t, file, home))
	does[api.Plugin](w, "plugin", "pin", "delays", "--reason", "it is audited")
	want := []string{next + ":", "plugin delays is pinned to revision 1 by tester: it is audited; unpin it first"}
	for _, text := range []string{
		applied(t, next, home, "memory: 16MiB", "memory: 17MiB"),
		applied(t, next, built(t, changed(t, delays, "delay is not", "its delay is not"))),
	} {
		w.fails(1, want, "apply", text)
		w.fails(1, []string{"some of it is refused"}, "apply", text, "--plan")
	}
	var plan delta.Plan
	w.says(&plan, "apply", applied(t, next, home, "sessions:", "sessions:\n  more: {from: [delays.late]}"))
	if got := w.plugin("delays"); got.Pinned == nil || got.Revision != 1 {
		t.Errorf("pinned: %+v", got)
	}
	does[api.Plugin](w, "plugin", "pin", "delays", "--off")
	w.says(&plan, "apply", applied(t, next, home, "memory: 16MiB", "memory: 17MiB"), "--reason", "more room")
	history := does[[]api.Revision](w, "plugin", "history", "delays")
	if last := history[len(history)-1]; last.Number != 2 || last.Source != "config" || last.Who != "tester" || last.Why != "more room" || last.Outcome != api.OutcomeLive || last.ConfigHash == history[0].ConfigHash {
		t.Errorf("%+v", history)
	}
	if d := does[api.Diff](w, "plugin", "diff", "delays"); !strings.Contains(d.Config, "17MiB") {
		t.Errorf("%+v", d)
	}
	if r := does[api.SwapResult](w, "plugin", "rollback", "delays"); r.Outcome != api.OutcomeLive || r.Live != 3 {
		t.Errorf("%+v", r)
	}
	w.stop()
}

// TestApplyGoesBack applies a config whose plugin fails later, when the apply was answered: it goes back, and the config is
// not taken for the one that runs.
func TestApplyGoesBack(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), built(t, changed(t, delays))
	tired := built(t, changed(t, delays, "var event []byte", "var n int\n\nvar event []byte", "	field, _ :=", "	if n++; n > 2000 {\n		return pelton.Dead(\"tired\")\n	}\n	field, _ :="))
	w := startWarned(t, write(t, filepath.Join(dir, "pelton.yaml"), fmt.Sprintf(pushed, home)))
	p := poster{w: w}
	p.start()
	next := write(t, filepath.Join(dir, "next.yaml"), fmt.Sprintf(pushed, tired))
	var plan delta.Plan
	w.says(&plan, "apply", next)
	for e := w.await("swapped"); e.Outcome != api.OutcomeRolledBack; {
		e = w.await("swapped")
	}
	w.says(&plan, "apply", next, "--plan")
	if len(plan.Changes) != 1 || plan.Changes[0].Effect != delta.EffectSwap || plan.Changes[0].Fields[0].Old != "rolled back" {
		t.Errorf("%+v", plan)
	}
	p.stop()
	s := w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots+s.Lot.Dead >= uint64(p.count) })
	if s.Sessions[0].Snapshots+s.Lot.Dead != uint64(p.count) || s.Lot.Dead == 0 {
		t.Errorf("%d flights were posted: %+v, %+v", p.count, s.Sessions[0], s.Lot)
	}
	w.stop()
}
