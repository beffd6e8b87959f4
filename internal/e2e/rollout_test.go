package e2e

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
)

// rolled is a wheel to which flights are posted, with what is to be said of the plugin.
func rolled(t *testing.T, plugin string, lines ...string) *wheel {
	t.Helper()
	path, err := filepath.Abs(plugin)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(pushed, built(t, path))
	return start(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), strings.Replace(text, "    health: {window: 60s}\n", "    "+strings.Join(lines, "\n    ")+"\n", 1)))
}

// TestCanaryOfOnePercent: a version that gives up 1 % of its messages is within max_error_rate, and is caught beside the old one
// all the same; one that is no worse comes in.
func TestCanaryOfOnePercent(t *testing.T) {
	t.Parallel()
	w := rolled(t, delays, "strategy: canary", "canary: {percent: [50], hold: 10m}", "health: {window: 1s, max_error_rate: 0.05, min_samples: 500}")
	bad := built(t, changed(t, delays, "late := delay > config.LateAfter", "late := delay > config.LateAfter\n\tif m.Position()%100 == 7 {\n\t\treturn pelton.Dead(\"one percent\")\n\t}"))
	p := poster{w: w}
	p.start()
	w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots >= 10 })
	w.fails(1, []string{"delays: revision 2 was rolled back: ", " of the version before 0 of ", "more than max_increase 0.005 above it", "revision 1 runs"},
		"plugin", "swap", "delays", bad)
	p.stop()
	dead := w.until(func(s api.Stats) bool {
		return s.Sessions[0].Snapshots+s.Lot.Dead >= uint64(p.count) && s.Sources[0].Lanes[0].InFlight == 0
	}).Lot.Dead
	if dead == 0 || dead > uint64(p.count)/100 {
		t.Errorf("%d of %d flights are dead letters", dead, p.count)
	}
	w.stop()
}

func TestCanaryOfAGoodVersion(t *testing.T) {
	t.Parallel()
	w := rolled(t, delays, "strategy: canary", "canary: {percent: [20, 60], hold: 1s}", "health: {window: 1s}")
	good := built(t, changed(t, delays, "not a number of minutes", "not a whole number of minutes"))
	p := poster{w: w}
	p.start()
	swap := w.asks("plugin", "swap", "delays", good)
	answer := make(chan result, 1)
	go func() { answer <- finish(t, swap) }()
	for _, want := range []string{"step 1 of 2: 20 % of the keys for 1s", "step 2 of 2: 60 % of the keys for 1s"} {
		if e := w.await("rollout"); e.Plugin != "delays" || e.Revision != 2 || e.Outcome != "canary" || e.Reason != want {
			t.Errorf("told %+v, want %s", e, want)
		}
	}
	if r := <-answer; r.code != 0 || !strings.Contains(r.out, "delays: revision 2 (") {
		t.Errorf("%+v", r)
	}
	p.stop()
	w.settle(&p)
	w.history("delays", "config superseded", "swap live")
	w.stop()
}

// TestRollbackOfACanary: a rollback in the middle of a canary takes its version back, and both are answered.
func TestRollbackOfACanary(t *testing.T) {
	t.Parallel()
	w := rolled(t, delays, "strategy: canary", "canary: {percent: 50, hold: 10m}")
	good := built(t, changed(t, delays, "not a number of minutes", "not a whole number of minutes"))
	p := poster{w: w}
	p.start()
	swap := w.asks("plugin", "swap", "delays", good)
	answer := make(chan result, 1)
	go func() { answer <- finish(t, swap) }()
	w.await("rollout")
	w.fails(1, []string{"delays is being swapped"}, "plugin", "swap", "delays", good)
	var back api.SwapResult
	w.says(&back, "plugin", "rollback", "delays", "--reason", "no more")
	if back.Outcome != api.OutcomeLive || back.Live != 1 {
		t.Errorf("rollback: %+v", back)
	}
	if r := <-answer; r.code != 1 || !strings.Contains(r.err, "taken back by tester: no more") {
		t.Errorf("the swap: %+v", r)
	}
	p.stop()
	w.settle(&p)
	w.history("delays", "config live", "swap rolled back")
	w.stop()
}

// TestShadowOfOnePercent: a version that answers 1 % of the messages wrongly but well-formed is shown by a shadow and stays
// outside; one that answers the same comes in after it. The lane gets nothing of either.
func TestShadowOfOnePercent(t *testing.T) {
	t.Parallel()
	w := rolled(t, delays, "strategy: shadow", "shadow: {for: 6s, max_diff: 0.001, then: promote}", "health: {window: 1s}")
	const rule = "late := delay > config.LateAfter"
	bad := built(t, changed(t, delays, rule, "late := (delay > config.LateAfter) != (m.Position()%100 == 7)"))
	good := built(t, changed(t, delays, rule, "late := !(delay <= config.LateAfter)"))
	p := poster{w: w}
	p.start()
	w.fails(1, []string{"delays: revision 2 was rolled back: ", "compared messages were answered differently (0 verdicts, ", " emits, 0 errors;", "more than max_diff 0.001", "revision 1 runs"},
		"plugin", "swap", "delays", bad)
	if r := w.run("plugin", "swap", "delays", good); r.code != 0 || !strings.Contains(r.out, "delays: revision 3 (") {
		t.Errorf("%+v", r)
	}
	p.stop()
	w.settle(&p)
	w.stop()
}

// TestSwapWhileSinkIsDown: a swap waits neither for a sink that is down nor for messages that are about to be tried again; it is
// answered within its health window, and nothing is lost or doubled by it.
func TestSwapWhileSinkIsDown(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	first := changed(t, delays, "late := delay > config.LateAfter", "late := delay > config.LateAfter\n\tif m.Position()%5 == 0 && m.Attempt() < 3 {\n\t\treturn pelton.Retry(0)\n\t}")
	path := built(t, first)
	text := strings.Replace(fmt.Sprintf(pushed, path), "health: {window: 60s}", "health: {window: 1s}\n    retry: {initial: 1s, max: 1s}", 1) +
		fmt.Sprintf("sinks:\n  late: {from: [delays.late], http: {url: 'http://%s/'}}\n", addr)
	w := startWarned(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), text))
	p := poster{w: w}
	for range 50 {
		p.post()
	}
	w.until(func(s api.Stats) bool { return s.Sinks[0].Retries > 0 && s.Plugins[0].Verdicts.Retried > 0 })
	var result api.SwapResult
	w.says(&result, "plugin", "swap", "delays", built(t, delays))
	if result.Outcome != api.OutcomeLive || result.Took > 10*time.Second {
		t.Errorf("%+v", result)
	}
	if s := w.stats(); s.Sinks[0].Written != 0 {
		t.Errorf("the sink is not down: %+v", s.Sinks[0])
	}
	var came atomic.Int64
	if listener, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) })}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	w.until(func(s api.Stats) bool {
		return s.Sinks[0].Written == s.Sessions[1].Snapshots && s.Sessions[0].Snapshots == 500 && s.Sources[0].Lanes[0].InFlight == 0
	})
	if came.Load() == 0 {
		t.Error("nothing came to the sink")
	}
	w.settle(&p)
	w.stop()
}

// TestFirstMessageAfterSwap: the listener stays open over swaps, the first message after each is answered by the new version, and
// its revision is on the metrics and in the list at once.
func TestFirstMessageAfterSwap(t *testing.T) {
	t.Parallel()
	w := rolled(t, delays, "health: {window: 200ms}")
	r := reader{t: t, name: "airports"}
	for n := range 4 {
		version := built(t, changed(t, delays, `{"delay":`, fmt.Sprintf(`{"version":%d,"delay":`, n)))
		var result api.SwapResult
		w.says(&result, "plugin", "swap", "delays", version)
		metrics := w.get("/metrics", http.StatusOK)
		if want := fmt.Sprintf(`pelton_plugin_info{digest="%s",plugin="delays",revision="%d",`, result.Digest, n+2); result.Revision != n+2 || !strings.Contains(metrics, want) {
			t.Errorf("after swap %d, %+v, the metrics have no %s", n+1, result, want)
		}
		if p := w.plugin("delays"); p.Revision != n+2 || p.Digest != result.Digest {
			t.Errorf("after swap %d: %+v", n+1, p)
		}
		w.ask(http.MethodPost, "/v1/sources/flights", `{"origin":"A","delay":3}`, http.StatusAccepted)
		r.read(w, 1)
		if got := string(r.seen[n].Payload); !strings.Contains(got, fmt.Sprintf(`"version":%d`, n)) {
			t.Errorf("after swap %d the first message came out as %s", n+1, got)
		}
	}
	w.stop()
}

// TestSwapHandsStateOver: what a plugin has in its variables goes over to the next version, where the config asks for it; a version
// that can't take it starts anew and says so.
func TestSwapHandsStateOver(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("testdata/keeps")
	if err != nil {
		t.Fatal(err)
	}
	w := startWarned(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(`
sources:
  flights: {http: {}, decode: {format: json, key: origin}}
plugins:
  keeps:
    from: [flights]
    wasm: {path: %s}
    health: {window: 200ms}
    state: {handover: true}
sessions:
  counts: {from: [keeps.counts]}
`, built(t, dir))))
	r := reader{t: t, name: "counts"}
	count := func(want string) {
		t.Helper()
		w.ask(http.MethodPost, "/v1/sources/flights", `{"origin":"A"}`, http.StatusAccepted)
		r.read(w, 1)
		if got := string(r.seen[len(r.seen)-1].Payload); got != want {
			t.Errorf("the count is %s, want %s", got, want)
		}
	}
	count("1")
	count("2")
	var result api.SwapResult
	w.says(&result, "plugin", "swap", "keeps", built(t, changed(t, dir, "counts flights", "counts the flights")))
	count("3")
	w.says(&result, "plugin", "swap", "keeps", built(t, changed(t, dir, "form = 1", "form = 2")))
	count("1")
	if e := w.await("warning"); !strings.Contains(e.Reason, "revision 3 starts without a state: the state of revision 2 could not be handed over: loading it: the state has another form") {
		t.Errorf("told %s", e.Reason)
	}
	w.stop()
}

// TestApplyAdjusts: a config that changes only how the next version comes in, and what it is given, leaves the plugin with what it
// has in its variables; the next swap keeps to it.
func TestApplyAdjusts(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("testdata/keeps")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pelton.yaml")
	text := func(more string) string {
		return write(t, file, fmt.Sprintf(`
sources:
  flights: {http: {}, decode: {format: json, key: origin}}
plugins:
  keeps:
    from: [flights]
    wasm: {path: %s}
%s
sessions:
  counts: {from: [keeps.counts]}
`, built(t, dir), more))
	}
	w := start(t, text("    health: {window: 200ms}"))
	r := reader{t: t, name: "counts"}
	count := func(want string) {
		t.Helper()
		w.ask(http.MethodPost, "/v1/sources/flights", `{"origin":"A"}`, http.StatusAccepted)
		r.read(w, 1)
		if got := string(r.seen[len(r.seen)-1].Payload); got != want {
			t.Errorf("the count is %s, want %s", got, want)
		}
	}
	count("1")
	var plan delta.Plan
	w.says(&plan, "apply", text("    health: {window: 300ms}\n    strategy: canary\n    canary: {percent: 100, hold: 100ms}\n    state: {handover: true}"))
	if len(plan.Changes) != 1 || plan.Changes[0].Effect != delta.EffectAdjust || len(plan.Drained) > 0 {
		t.Errorf("%+v", plan)
	}
	count("2")
	var result api.SwapResult
	w.says(&result, "plugin", "swap", "keeps", built(t, changed(t, dir, "counts flights", "counts the flights")))
	if result.Strategy != api.StrategyCanary || result.Outcome != api.OutcomeLive {
		t.Errorf("%+v", result)
	}
	count("3")
	w.says(&plan, "apply", text("    health: {window: 200ms}"))
	w.says(&result, "plugin", "swap", "keeps", built(t, changed(t, dir, "counts flights", "counts all flights")))
	if result.Strategy != api.StrategyImmediate || result.Outcome != api.OutcomeLive {
		t.Errorf("%+v", result)
	}
	count("1")
	w.stop()
}
