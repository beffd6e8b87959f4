package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// picky is a wheel whose plugin retries, defers, holds, kills and traps on some of its messages.
const picky = `
sources:
  flights: {file: {path: flights.jsonl}, decode: {format: json, key: origin, fields: [seq]}}
plugins:
  picky:
    from: [flights]
    wasm: {path: %s}
    retry: {attempts: 3, initial: 1ms, max: 1ms}
    health: {window: 1s}
sessions:
  passed: {from: [picky]}
`

// TestWalk walks messages through every verdict, and those that did not pass out of the lot again (D1, D2).
func TestWalk(t *testing.T) {
	t.Parallel()
	const source = "testdata/picky"
	home, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var flights strings.Builder
	for seq := 1; seq <= 20; seq++ { // 17 comes behind 7, which is held
		fmt.Fprintf(&flights, `{"seq":%d,"origin":"K%d"}`+"\n", seq, seq%10)
	}
	flights.WriteString(`{"seq":5,"origin":"dropped"}` + "\n")
	write(t, filepath.Join(dir, "flights.jsonl"), flights.String())
	w := start(t, write(t, filepath.Join(dir, "pelton.yaml"), fmt.Sprintf(picky, home)))
	if f := w.await("settled").Figures; f.Messages != 21 || f.Dead != 3 || f.Parked != 5 {
		t.Errorf("settled with %+v", f)
	}
	w.passed(1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20)
	w.counted()
	w.dead(map[string]string{"9": "no such airport", "11": "never", "13": "thirteen"}, api.DeadStateDead)
	w.parked("5 defer", "7 hold", "15 behind", "17 behind", "5 defer")
	w.forgotten("dropped")
	w.parked("5 defer", "7 hold", "15 behind", "17 behind")

	w.settled(7)
	w.passed(1, 2, 3, 4, 6, 7, 8, 10, 12, 14, 16, 17, 18, 19, 20)
	w.parked("5 defer", "15 behind")

	fixed := changed(t, source, "fixed = false", "fixed = true")
	w.replayed(fixed)
	w.passed(1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20)
	w.dead(map[string]string{"9": "no such airport", "11": "never", "13": "thirteen"}, api.DeadStateSettled)
	w.dropped()

	// A restart changes nothing of it.
	w.stop()
	w = start(t, filepath.Join(dir, "pelton.yaml"))
	w.await("settled")
	w.dead(map[string]string{"9": "no such airport", "13": "thirteen"}, api.DeadStateSettled)
	w.parked("5 defer", "15 behind")
	var result struct{ Released int }
	if w.says(&result, "parked", "release", "--kind", "defer"); result.Released != 1 {
		t.Errorf("release: %+v", result)
	}
	w.until(func(s api.Stats) bool { return s.Lot.Parked == 0 && s.Sessions[0].Snapshots == 2 })
	w.passed(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
	w.stop()
}

// passed holds what came through against the numbers of flights: each once.
func (w *wheel) passed(want ...int) {
	w.t.Helper()
	r := reader{t: w.t, name: "passed"}
	r.read(w, len(want))
	var got []int
	for _, d := range r.seen {
		got = append(got, seqOf(w.t, d.Bytes()))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("passed: %v\nwant    %v", got, want)
	}
	var heads []api.Head
	var total uint64
	w.says(&heads, "session", "list", "passed")
	for _, h := range heads {
		total += h.ID
	}
	if total != uint64(len(want)) {
		w.t.Errorf("%d snapshots, want %d", total, len(want))
	}
}

// seqOf is a flight's number.
func seqOf(t *testing.T, flight []byte) int {
	t.Helper()
	n := 0
	if _, err := fmt.Sscanf(string(flight), `{"seq":%d,`, &n); err != nil {
		t.Fatalf("flight %q: %v", flight, err)
	}
	return n
}

// counted holds the figures of the first offers against stats and metrics.
func (w *wheel) counted() {
	w.t.Helper()
	var s api.Stats
	w.says(&s, "stats")
	want := api.Verdicts{Acked: 13, Retried: 2 + 3, Deferred: 2, Dead: 3, Held: 1}
	if p := s.Plugins[0]; p.Verdicts != want || p.Faults["trap"] == 0 || s.Lot.Dead != 3 || s.Lot.Parked != 5 ||
		!reflect.DeepEqual(s.Lot.ByKind, map[string]uint64{"defer": 2, "hold": 1, "behind": 2}) {
		w.t.Errorf("stats: %+v, %+v\nwant %+v", p, s.Lot, want)
	}
	text := w.get("/metrics", http.StatusOK)
	for verdict, n := range map[string]uint64{"ack": want.Acked, "retry": want.Retried, "defer": want.Deferred, "dead": want.Dead, "hold": want.Held} {
		line := fmt.Sprintf(`pelton_plugin_verdicts_total{plugin="picky",revision="1",verdict=%q} %d`, verdict, n)
		if !strings.Contains(text, line+"\n") {
			w.t.Errorf("/metrics has no %s", line)
		}
	}
	for _, line := range []string{"pelton_dead_letters 3", `pelton_parked{kind="hold"} 1`, `pelton_parked{kind="defer"} 2`, `pelton_parked{kind="behind"} 2`} {
		if !strings.Contains(text, line+"\n") {
			w.t.Errorf("/metrics has no %s", line)
		}
	}
}

// get asks the HTTP listener.
func (w *wheel) get(path string, status int) string {
	w.t.Helper()
	return w.ask(http.MethodGet, path, "", status)
}

func (w *wheel) ask(method, path, body string, status int) string {
	w.t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(limited(w.t), method, "http://"+w.http+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		w.t.Errorf("%s %s: %s, %v: %s; want %d", method, path, answer.Status, err, text, status)
	}
	return string(text)
}

// letter is a row of `dead list`.
type letter struct {
	ID, Reason, State string
	Attempts, Replays int
	Payload           json.RawMessage
}

// dead holds the dead letters against a part of each reason, by the flight's number.
func (w *wheel) dead(want map[string]string, state string) {
	w.t.Helper()
	var rows []letter
	w.says(&rows, "dead", "list")
	for _, d := range rows {
		seq := strconv.Itoa(seqOf(w.t, d.Payload))
		reason, ok := want[seq]
		if !ok || !strings.Contains(d.Reason, reason) || d.State != state || seq != "9" && d.Attempts != 3 {
			w.t.Errorf("dead letter %+v", d)
		}
	}
	if len(rows) != len(want) {
		w.t.Errorf("%d dead letters, want %d: %+v", len(rows), len(want), rows)
	}
}

// parked holds the parked deliveries against "number kind".
func (w *wheel) parked(want ...string) {
	w.t.Helper()
	var got []string
	for _, p := range w.waiting("") {
		got = append(got, fmt.Sprint(seqOf(w.t, p.Payload), " ", p.Kind))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("parked: %q\nwant    %q", got, want)
	}
}

// waiting are the rows of `parked list` of a kind, or of all.
func (w *wheel) waiting(kind string) []waiting {
	w.t.Helper()
	var rows []waiting
	w.says(&rows, "parked", "list", "--kind", kind)
	return rows
}

// waiting is a row of `parked list`.
type waiting struct {
	ID, Delivery, Kind, Key string
	Attempts                int
	Payload                 json.RawMessage
}

// forgotten drops the deferred flight of that key. What waits behind an earlier message of its key is left alone.
func (w *wheel) forgotten(key string) {
	w.t.Helper()
	rows := w.waiting("defer")
	i := slices.IndexFunc(rows, func(r waiting) bool { return r.Key == key })
	if i < 0 {
		w.t.Fatalf("deferred: %+v", rows)
	}
	var shown waiting
	if w.says(&shown, "parked", "show", rows[i].ID); !reflect.DeepEqual(shown, rows[i]) {
		w.t.Errorf("show: %+v, want %+v", shown, rows[i])
	}
	for _, c := range []struct {
		args []string
		want int
	}{{[]string{"--kind", "defer", "--dry-run"}, 2}, {[]string{"--kind", "behind"}, 0}, {[]string{rows[i].ID}, 1}} {
		var result struct{ Dropped int }
		if w.says(&result, append([]string{"parked", "drop"}, c.args...)...); result.Dropped != c.want {
			w.t.Errorf("drop %q: %+v, want %d", c.args, result, c.want)
		}
	}
	if _, err := w.client().ParkedRecord(w.t.Context(), rows[i].ID); err == nil {
		w.t.Error("what was dropped is still there")
	}
}

// settled settles the held flight of that number by its token, with an emit; once more is refused.
func (w *wheel) settled(seq int) {
	w.t.Helper()
	rows := w.waiting("hold")
	if len(rows) != 1 || seqOf(w.t, rows[0].Payload) != seq {
		w.t.Fatalf("held: %+v", rows)
	}
	token := fmt.Sprintf("%s/%d", rows[0].Delivery, rows[0].Attempts)
	body := func(token string) string {
		emit := fmt.Sprintf(`{"output":"default","key":"SzM=","payload":%q}`, base64.StdEncoding.EncodeToString(rows[0].Payload))
		return fmt.Sprintf(`{"token":%q,"verdict":{"decision":"DECISION_ACK"},"emits":[%s]}`, token, emit)
	}
	const path = "/pelton.v1.DeliveryService/Settle"
	for _, wrong := range []struct{ token, code string }{
		{"nonsense", "invalid_argument"}, {rows[0].Delivery + "/9", "failed_precondition"}, {"x" + token, "failed_precondition"},
	} {
		if text := w.ask(http.MethodPost, path, body(wrong.token), http.StatusBadRequest); !strings.Contains(text, `"code":"`+wrong.code+`"`) {
			w.t.Errorf("token %s: %s", wrong.token, text)
		}
	}
	w.ask(http.MethodPost, path, body(token), http.StatusOK)
	err := w.client().Settle(w.t.Context(), token, pelton.Ack(), nil)
	if refusal, ok := errors.AsType[*api.Error](err); !ok || refusal.Code != api.FailedPrecondition {
		w.t.Errorf("settled twice: %v", err)
	}
	w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots == 15 && s.Lot.Parked == 2 })
}

// replayed swaps in a version that passes everything and replays the dead letters (W1, D1).
func (w *wheel) replayed(path string) {
	w.t.Helper()
	var swap api.SwapResult
	w.says(&swap, "plugin", "swap", "picky", path) // nothing flows: live at the end of its window
	if swap.Outcome != api.OutcomeLive {
		w.t.Fatalf("%+v", swap)
	}
	var result api.ReplayResult
	w.says(&result, "dead", "replay", "--dry-run")
	if result.Replayed != 3 || len(result.Skipped) != 0 {
		w.t.Errorf("dry run: %+v", result)
	}
	w.dead(map[string]string{"9": "no such airport", "11": "never", "13": "thirteen"}, api.DeadStateDead)
	w.says(&result, "dead", "replay")
	if result.Replayed != 3 || len(result.Skipped) != 0 {
		w.t.Errorf("replay: %+v", result)
	}
	w.until(func(s api.Stats) bool { return s.Sessions[0].Snapshots == 18 && s.Settled })
	w.says(&result, "dead", "replay")
	if result.Replayed != 0 || len(result.Skipped) != 3 || !strings.Contains(result.Skipped[0].Reason, "--force") {
		w.t.Errorf("once more: %+v", result)
	}
}

// dropped drops one dead letter by its reason.
func (w *wheel) dropped() {
	w.t.Helper()
	for _, c := range []struct {
		flag    string
		dropped int
		left    map[string]string
	}{
		{"--dry-run", 1, map[string]string{"9": "no such airport", "11": "never", "13": "thirteen"}},
		{"--plugin=picky", 1, map[string]string{"9": "no such airport", "13": "thirteen"}},
		{"--plugin=picky", 0, map[string]string{"9": "no such airport", "13": "thirteen"}},
	} {
		var result struct{ Dropped int }
		w.says(&result, "dead", "drop", "--reason", "never", c.flag)
		if result.Dropped != c.dropped {
			w.t.Errorf("drop %s: %d, want %d", c.flag, result.Dropped, c.dropped)
		}
		w.dead(c.left, api.DeadStateSettled)
	}
}
