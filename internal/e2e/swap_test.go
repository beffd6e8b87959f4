package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/peltonhq/pelton/api"
)

const delays = "../../examples/flights/plugins/delays"

// TestSwap swaps a plugin ten times while flights flow (W1, W2), then restarts the wheel.
func TestSwap(t *testing.T) {
	t.Parallel()
	first := built(t, changed(t, delays))
	second := built(t, changed(t, delays, "not a number of minutes", "not a whole number of minutes"))
	config := example(t,
		"path: flights.jsonl", "path: flights.jsonl\n      rate: 800/s",
		"path: plugins/delays", "path: "+first,
		"    # config: ", "    health: {window: 1s}\n    # config: ",
	)
	w := start(t, config)
	r := reader{t: t, name: "airports"}
	for i := range 10 {
		r.read(w, 300)
		var result api.SwapResult
		w.says(&result, "plugin", "swap", "delays", []string{second, first}[i%2], "--reason", fmt.Sprintf("swap %d", i+1))
		if result.Outcome != api.OutcomeLive || result.Revision != i+2 || result.Live != i+2 {
			t.Errorf("swap %d: %+v", i+1, result)
		}
		stats, err := w.client().Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if at, size := watermark(t, stats); at >= size {
			t.Errorf("swap %d came when everything was done", i+1)
		}
	}
	if f := w.await("settled").Figures; f.Messages != 20_000 || f.Sinks["late"] != 4349 || f.Dead+f.Parked != 0 {
		t.Errorf("settled with %+v", f)
	}
	r.read(w, 20_000-len(r.seen))
	flights(t).snapshots(t, r.seen, always)
	flights(t).sink(t, read(t, filepath.Join(w.dir(), "late.jsonl")))
	figures(t, w)
	w.history("delays", "config superseded", "swap superseded", "swap superseded", "swap superseded", "swap superseded", "swap superseded",
		"swap superseded", "swap superseded", "swap superseded", "swap superseded", "swap live")
	var result api.SwapResult
	w.says(&result, "plugin", "rollback", "delays", "--reason", "the other one") // judged by the end of the window: no flights are left
	if result.Outcome != api.OutcomeLive || result.Live != 12 {
		t.Errorf("rollback: %+v", result)
	}
	w.stop()
	restarted(t, config, first, 12)
}

// restarted restarts a wheel whose plugin was swapped: that version stays, until the config's code changes.
func restarted(t *testing.T, config, source string, revision int) {
	t.Helper()
	w := start(t, config)
	if why := w.reason("revision", "delays"); why != "it was swapped in by tester; the config's code is unchanged" {
		t.Errorf("after the restart: %s", why)
	}
	if p := w.plugin("delays"); p.Revision != revision {
		t.Errorf("after the restart: %+v", p)
	}
	w.stop()

	edit(t, filepath.Join(source, "main.go"), "not a number of minutes", "no number of minutes")
	w = start(t, config)
	if why := w.reason("revision", "delays"); why != "the config's code has changed since revision 1" {
		t.Errorf("after the change: %s", why)
	}
	if p := w.plugin("delays"); p.Revision != revision+1 {
		t.Errorf("after the change: %+v", p)
	}
	if f := w.await("settled").Figures; f.Messages != 0 {
		t.Errorf("settled with %+v", f)
	}
	figures(t, w)
	w.stop()
}

// history holds a plugin's history against "source outcome" of each revision; who made it and that the last line which
// says live is the one that runs follow from these.
func (w *wheel) history(plugin string, want ...string) []api.Revision {
	w.t.Helper()
	var rows []api.Revision
	w.says(&rows, "plugin", "history", plugin)
	var got []string
	for i, r := range rows {
		got = append(got, r.Source+" "+r.Outcome)
		who := "tester"
		if r.Source == "config" {
			who = "config"
		}
		if r.Number != i+1 || r.Who != who || r.Live != (r.Outcome == api.OutcomeLive) || (r.Reason == "") != (r.Outcome != api.OutcomeRolledBack) {
			w.t.Errorf("history of %s: %+v", plugin, r)
		}
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		w.t.Errorf("history of %s: %q\nwant %q", plugin, got, want)
	}
	if p := w.plugin(plugin); p.Revision == 0 || !rows[p.Revision-1].Live || p.Digest != rows[p.Revision-1].Digest {
		w.t.Errorf("%+v runs, by the history %+v", p, rows)
	}
	return rows
}

func (w *wheel) plugin(name string) api.Plugin {
	w.t.Helper()
	var rows []api.Plugin
	w.says(&rows, "plugin", "list")
	for _, p := range rows {
		if p.Name == name {
			return p
		}
	}
	w.t.Fatalf("no plugin %s in %+v", name, rows)
	return api.Plugin{}
}

// pushed is a wheel to which flights are posted.
const pushed = `
sources:
  flights: {http: {}, decode: {format: json, key: origin, fields: [delay]}}
plugins:
  delays:
    from: [flights]
    wasm: {path: %s}
    health: {window: 60s}
    limits: {memory: 16MiB}
sessions:
  airports: {from: [delays.airports]}
  late: {from: [delays.late]}
`

// TestSwapRefused swaps in what fails while flights are posted: the old version stays (W2, W3), and every flight comes
// to its airport once (D1).
func TestSwapRefused(t *testing.T) {
	t.Parallel()
	home, err := filepath.Abs(delays)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, write(t, filepath.Join(t.TempDir(), "pelton.yaml"), fmt.Sprintf(pushed, home)))
	p := poster{w: w}
	p.start()
	w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots >= 10 })

	broken := changed(t, delays, "out.Emit(", "out.Omit(")
	if r := w.fails(1, []string{"main.go:", "out.Omit undefined", "does not compile"}, "plugin", "swap", "delays", broken); r.out != "" {
		t.Errorf("%+v", r)
	}
	w.history("delays", "config live")
	w.fails(1, []string{"delays: revision 2 was rolled back: the first delivery failed: ", "nil map", "revision 1 runs"},
		"plugin", "swap", "delays", delays+"-bad")
	w.fails(1, []string{"delays: revision 3 was rolled back: the first delivery failed: ", "memory", "revision 1 runs"},
		"plugin", "swap", "delays", "testdata/greedy")
	w.history("delays", "config live", "swap rolled back", "swap rolled back")

	p.stop()
	w.settle(&p)
	w.twice(&p)
	if rows := w.history("delays", "config superseded", "swap rolled back", "swap rolled back", "swap live"); rows[3].Digest == rows[0].Digest {
		t.Errorf("%+v", rows)
	}
	var result api.SwapResult
	p.start()
	w.says(&result, "plugin", "rollback", "delays")
	p.stop()
	if result.Outcome != api.OutcomeLive || result.Live != 5 {
		t.Errorf("rollback: %+v", result)
	}
	rows := w.history("delays", "config superseded", "swap rolled back", "swap rolled back", "swap superseded", "rollback live")
	if rows[4].Digest != rows[0].Digest || rows[4].Why != "rollback of revision 4" {
		t.Errorf("rollback: %+v", rows[4])
	}
	w.settle(&p)
	w.stop()
}

// twice asks for a swap while another one is under way: it waits for messages to judge by, which don't come.
func (w *wheel) twice(p *poster) {
	w.t.Helper()
	second := changed(w.t, delays, "not a number of minutes", "not a whole number of minutes")
	swap := w.asks("plugin", "swap", "delays", second)
	answer := make(chan result, 1)
	go func() { answer <- finish(w.t, swap) }()
	w.until(func(s api.Stats) bool { return s.Plugins[0].State == "swapping" })
	w.fails(1, []string{"delays is being swapped"}, "plugin", "swap", "delays", second)
	w.fails(1, []string{"delays is being swapped"}, "plugin", "rollback", "delays")
	p.start()
	if r := <-answer; r.code != 0 || !strings.HasPrefix(r.out, "delays: revision 4 (") {
		w.t.Errorf("the swap that was first: %+v", r)
	}
	p.stop()
	w.settle(p)
}

// settle waits until all that was posted is in the airports, once each, and nothing is dead.
func (w *wheel) settle(p *poster) {
	w.t.Helper()
	s := w.until(func(s api.Stats) bool {
		n := uint64(p.count) // the lane's figures may be a moment older than the session's
		return s.Sessions[0].Snapshots >= n && s.Sources[0].Messages >= n && s.Sources[0].Lanes[0].InFlight == 0
	})
	v := s.Plugins[0].Verdicts
	if s.Sessions[0].Snapshots != uint64(p.count) || v.Acked != uint64(p.count) || s.Lot.Dead+s.Lot.Parked != 0 {
		w.t.Errorf("%d flights were posted: %+v, %+v, %+v", p.count, s.Sessions[0], v, s.Lot)
	}
}

// poster posts flights, ten at a time, and counts those that were taken.
type poster struct {
	w     *wheel
	count int // read it after stop
	end   context.CancelFunc
	wait  sync.WaitGroup
}

func (p *poster) start() {
	ctx, end := context.WithCancel(limited(p.w.t))
	p.end = end
	p.wait.Go(func() {
		for ctx.Err() == nil {
			p.post()
		}
	})
}

func (p *poster) stop() {
	p.end()
	p.wait.Wait()
}

func (p *poster) post() {
	var body bytes.Buffer
	for range 10 {
		p.count++
		fmt.Fprintf(&body, `{"seq":%d,"origin":"A%d","delay":%d}`+"\n", p.count, p.count%7, p.count%50)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Post("http://"+p.w.http+"/v1/sources/flights", "application/x-ndjson", &body)
	if err != nil {
		p.w.t.Errorf("post: %v", err)
		p.end()
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		p.w.t.Errorf("post: %s", answer.Status)
		p.end()
	}
}
