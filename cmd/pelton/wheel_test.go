package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peltonhq/pelton/engine"
)

// wheel is a running `pelton run --json`.
type wheel struct {
	t      *testing.T
	dir    string
	addr   string
	grpc   string
	cmd    *exec.Cmd
	events chan engine.Event
	said   strings.Builder // standard error; read it after stop
	ended  chan struct{}
}

// startWheel runs the config pelton.yaml in dir, on free ports, and waits until it listens.
func startWheel(t *testing.T, dir string, args ...string) *wheel {
	t.Helper()
	w := &wheel{t: t, dir: dir, events: make(chan engine.Event, 1024), ended: make(chan struct{})}
	w.cmd = command(t.Context(), dir, append([]string{"run", "--json", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}, args...)...)
	w.cmd.Cancel = func() error { return w.cmd.Process.Kill() }
	w.cmd.Stderr = &w.said
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go w.read(bufio.NewScanner(out))
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill()
		<-w.ended
	})
	e := w.wait("listening")
	w.addr, w.grpc = e.HTTP, e.GRPC
	return w
}

func (w *wheel) read(lines *bufio.Scanner) {
	defer close(w.ended)
	defer close(w.events)
	for lines.Scan() {
		var e engine.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Event == "" {
			w.t.Errorf("not an event: %s", lines.Text())
		}
		w.events <- e
	}
	_ = w.cmd.Wait() // its code is read by stop
}

// wait reads events up to one of this kind.
func (w *wheel) wait(kind string) engine.Event {
	w.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-w.events:
			if !ok {
				<-w.ended
				w.t.Fatalf("the wheel ended with %d before %q: %s", w.cmd.ProcessState.ExitCode(), kind, w.said.String())
			}
			if e.Event == kind {
				return e
			}
		case <-timer.C:
			w.t.Fatalf("no event %q", kind)
		}
	}
}

// stop sends a signal and returns the exit code.
func (w *wheel) stop(s syscall.Signal) int {
	w.t.Helper()
	if err := w.cmd.Process.Signal(s); err != nil {
		w.t.Fatal(err)
	}
	for range w.events { // to the end
	}
	<-w.ended
	if strings.Contains(w.said.String(), "goroutine ") {
		w.t.Errorf("a stack trace: %s", w.said.String())
	}
	return w.cmd.ProcessState.ExitCode()
}

// run runs a command line against the wheel.
func (w *wheel) run(args ...string) result {
	w.t.Helper()
	return invoke(w.t, w.dir, append(args, "--addr", w.addr)...)
}

// rows is the JSON array that a command prints.
func (w *wheel) rows(args ...string) []map[string]any {
	w.t.Helper()
	r := w.run(append(args, "--json")...)
	var rows []map[string]any
	if err := json.Unmarshal([]byte(r.out), &rows); err != nil || r.code != 0 || rows == nil {
		w.t.Fatalf("%v: %v, %+v", args, err, r)
	}
	return rows
}

// project is a directory with this config.
func project(t *testing.T, yaml string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "pelton.yaml", yaml)
	return dir
}

// counted is a wheel without a plugin: ten flights, one session a flight's origin.
const counted = `sources:
  flights:
    demo: {count: 40, keys: 2}
    decode: {format: json, key: origin}
sessions:
  latest: {from: [flights], retain: {snapshots: 5}}
`

func TestRunUntilIdle(t *testing.T) {
	t.Parallel()
	dir := project(t, counted+"sinks: {out: {from: [flights], file: {path: out.jsonl}}}\n")
	args := []string{"run", "--until-idle", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}
	r := invoke(t, dir, args...)
	if r.code != 0 || !strings.Contains(r.out, "listening on http://127.0.0.1:") || strings.Count(r.out, "settled: 40 messages, 2 sessions in latest, 40 lines in out") != 1 {
		t.Errorf("%+v", r)
	}
	// The store remembers: a second run finds nothing to do.
	r = invoke(t, dir, args...)
	if r.code != 0 || !strings.Contains(r.out, "2 sessions in latest") {
		t.Errorf("again: %+v", r)
	}
	if text, err := os.ReadFile(dir + "/out.jsonl"); err != nil || strings.Count(string(text), "\n") != 40 {
		t.Errorf("the sink has %d lines, %v", strings.Count(string(text), "\n"), err)
	}
}

// What nobody reads is warned of, once, by check and by run.
func TestWarning(t *testing.T) {
	t.Parallel()
	dir := project(t, "sources: {flights: {demo: {count: 40}}}\n")
	const want = "pelton.yaml:1:11: sources.flights: nobody reads it"
	if r := invoke(t, dir, "check"); r.code != 0 || strings.Count(r.err, "pelton: warning: "+want) != 1 || r.out != "pelton.yaml is good: 1 source\n" {
		t.Errorf("%+v", r)
	}
	if r := invoke(t, dir, "check", "--json"); r.code != 0 || !strings.HasPrefix(r.out, `[{"file":"pelton.yaml","line":1,"column":11,"path":"sources.flights","text":"nobody`) {
		t.Errorf("%+v", r)
	}
	r := invoke(t, dir, "run", "--until-idle", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	if r.code != 0 || strings.Count(r.out+r.err, want) != 1 {
		t.Errorf("%+v", r)
	}
}

// A sink on standard output has it for itself.
func TestRunStdoutSink(t *testing.T) {
	t.Parallel()
	dir := project(t, counted+"sinks: {out: {from: [flights], stdout: {}}}\n")
	r := invoke(t, dir, "run", "--until-idle", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	if r.code != 0 || strings.Count(r.out, "\n") != 40 || strings.Count(r.out, `{"seq":`) != 40 || !strings.Contains(r.err, "settled: ") {
		t.Errorf("%+v", r)
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	w := startWheel(t, project(t, counted))
	if f := w.wait("settled").Figures; f == nil || f.Messages != 40 || f.Sessions["latest"] != 2 {
		t.Errorf("figures: %+v", f)
	}
	heads := w.rows("session", "list", "latest")
	if len(heads) != 2 || heads[0]["key"] != "DFW" || heads[0]["name"] != "latest" || heads[0]["epoch"] == nil || heads[0]["id"] == nil || heads[0]["time"] == nil {
		t.Fatalf("%v", heads)
	}
	if names := w.rows("session", "list"); len(names) != 1 || names[0]["name"] != "latest" {
		t.Errorf("%v", names)
	}
	for _, list := range []string{"plugin list", "dead list", "parked list"} {
		if rows := w.rows(strings.Fields(list)...); len(rows) != 0 {
			t.Errorf("%s: %v", list, rows)
		}
		if r := w.run(strings.Fields(list)...); r.code != 0 || r.out != "" || !strings.Contains(r.err, "`pelton ") {
			t.Errorf("%s does not say what to do next: %+v", list, r)
		}
	}
	var doc map[string]any
	r := w.run("session", "show", "latest", "DFW", "--json")
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || len(doc) != 6 || doc["payload"].(map[string]any)["origin"] != "DFW" {
		t.Errorf("%v %+v", err, r)
	}
	if r := w.run("session", "show", "latest", "DFW"); r.code != 0 || !strings.Contains(r.out, `"origin": "DFW"`) {
		t.Errorf("%+v", r)
	}
	var stats struct {
		Settled bool  `json:"settled"`
		Plugins []any `json:"plugins"`
		Sources []struct {
			Messages int `json:"messages"`
		} `json:"sources"`
	}
	r = w.run("stats", "--json")
	if err := json.Unmarshal([]byte(r.out), &stats); err != nil || !stats.Settled || stats.Plugins == nil || stats.Sources[0].Messages != 40 {
		t.Errorf("%v %+v", err, r)
	}
	if r := w.run("stats"); r.code != 0 || !strings.Contains(r.out, "SOURCE") || !strings.Contains(r.out, "settled") {
		t.Errorf("%+v", r)
	}
	if r := w.run("graph"); r.code != 0 || r.out != "source flights (demo)\n└─ session latest (append)\n" {
		t.Errorf("%+v", r)
	}
	if r := w.run("session", "delete", "latest", "DFW"); r.code != 0 || r.out != "deleted session latest DFW\n" {
		t.Errorf("%+v", r)
	}
	if rows := w.rows("session", "list", "latest"); len(rows) != 1 || rows[0]["key"] != "ORD" {
		t.Errorf("%v", rows)
	}
	if r := w.run("session", "delete", "latest", "DFW"); r.code != 1 || !strings.Contains(r.err, "DFW") {
		t.Errorf("%+v", r)
	}
	if code := w.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, w.said.String())
	}
}

// Following by hand in pieces gives every snapshot once.
func TestFollow(t *testing.T) {
	t.Parallel()
	w := startWheel(t, project(t, strings.ReplaceAll(counted, "retain: {snapshots: 5}", "")))
	w.wait("settled")
	whole := w.run("session", "follow", "latest", "ORD", "--after", "", "--limit", "12", "--json")
	first := w.run("session", "follow", "latest", "ORD", "--after", "", "--limit", "5", "--json")
	lines := strings.Split(strings.TrimSpace(first.out), "\n")
	var last struct {
		Epoch uint64 `json:"epoch"`
		ID    uint64 `json:"id"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.ID != 5 {
		t.Fatalf("%v, %+v", err, first)
	}
	cursor := cursorOf(last.Epoch, last.ID)
	second := w.run("session", "follow", "latest", "ORD", "--after", cursor, "--limit", "7", "--json")
	if whole.code != 0 || whole.out != first.out+second.out || strings.Count(whole.out, "\n") != 12 {
		t.Errorf("whole\n%s\nis not\n%s\nand\n%s", whole.out, first.out, second.out)
	}
	all := w.run("session", "follow", "latest", "--after", "", "--limit", "40")
	if all.code != 0 || strings.Count(all.out, "\n") != 40 || !strings.Contains(all.out, "  @") {
		t.Errorf("%+v", all)
	}
}

// What the wheel refuses gets one clear line, and nothing is lost by it.
func TestBadInputToAWheel(t *testing.T) {
	t.Parallel()
	w := startWheel(t, project(t, counted))
	w.wait("settled")
	head := w.rows("session", "list", "latest")[0]
	epoch := uint64(head["epoch"].(float64))
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown session", []string{"session", "show", "lates", "DFW"}, 1, `did you mean "latest"?`},
		{"unknown key", []string{"session", "show", "latest", "XXX"}, 1, `XXX`},
		{"other epoch", []string{"session", "follow", "latest", "DFW", "--after", "7:1"}, 1, "another epoch; resume after"},
		{"trimmed", []string{"session", "follow", "latest", "DFW", "--after", cursorOf(epoch, 1)}, 1, "resume after"},
		{"ahead", []string{"session", "follow", "latest", "DFW", "--after", cursorOf(epoch, 1_000_000)}, 1, "resume after"},
		{"unknown plugin", []string{"plugin", "history", "delays"}, 1, "delays"},
		{"unknown letter", []string{"dead", "show", "nope"}, 1, "pelton dead list"},
		{"replay of an unknown letter", []string{"dead", "replay", "nope"}, 1, "nope"},
		{"unknown kind", []string{"parked", "list", "--kind", "hol"}, 2, "want retry, defer, hold, behind, pause or replay"},
	} {
		r := w.run(c.args...)
		if r.code != c.code || !strings.Contains(r.err, c.want) || r.out != "" || !strings.HasPrefix(r.err, "pelton: ") || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: %+v; want exit %d, … %s", c.name, r, c.code, c.want)
		}
	}
	if again := w.rows("session", "list", "latest")[0]; again["id"] != head["id"] {
		t.Errorf("the session changed: %v, %v", head, again)
	}
}

// What the machine does not give is exit 3, and the store of the running wheel is unharmed.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	dir := project(t, counted)
	w := startWheel(t, dir)
	w.wait("settled")
	write(t, dir, "file", "")
	for _, c := range []struct{ name, args, want string }{
		{"store held", "--listen 127.0.0.1:0 --grpc 127.0.0.1:0", "held by pid "},
		{"port taken", "--listen " + w.addr + " --grpc 127.0.0.1:0 --store other", "address already in use"},
		{"grpc port taken", "--listen 127.0.0.1:0 --grpc " + w.grpc + " --store other2", "address already in use"},
		{"store is a file", "--listen 127.0.0.1:0 --grpc 127.0.0.1:0 --store file", "file"},
	} {
		r := invoke(t, dir, append([]string{"run"}, strings.Fields(c.args)...)...)
		if r.code != 3 || !strings.Contains(r.err, "pelton: ") || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	if heads := w.rows("session", "list", "latest"); len(heads) != 2 {
		t.Errorf("%v", heads)
	}
	if code := w.stop(syscall.SIGINT); code != 0 {
		t.Errorf("exit %d: %s", code, w.said.String())
	}
}

// What the engine finds wrong with a config is exit 2.
func TestBadConfigToTheEngine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, yaml, args, want string }{
		{"endless", "sources: {a: {demo: {rate: 1/s}}}\n", "run --until-idle", "--until-idle"},
		{"missing file", "sources: {a: {file: {path: nope.jsonl}}}\n", "check", "nope.jsonl does not exist"},
		{"missing file at run", "sources: {a: {file: {path: nope.jsonl}}}\n", "run --listen 127.0.0.1:0 --grpc 127.0.0.1:0", "nope.jsonl does not exist"},
		{"missing plugin", "sources: {a: {demo: {}}}\nplugins: {p: {from: [a], wasm: {path: nowhere}}}\n", "check", "nowhere"},
		{"module without the ABI", "sources: {a: {demo: {}}}\nplugins: {p: {from: [a], wasm: {path: empty.wasm}}}\n", "check", "not a Pelton plugin"},
		{"unknown native", "sources: {a: {demo: {}}}\nplugins: {p: {from: [a], native: {name: nope}}}\n", "check", "nope"},
	} {
		dir := project(t, c.yaml)
		write(t, dir, "empty.wasm", "\x00asm\x01\x00\x00\x00")
		r := invoke(t, dir, strings.Fields(c.args)...)
		if r.code != 2 || !strings.Contains(r.err, c.want) || !strings.Contains(r.err, "pelton: ") {
			t.Errorf("%s: %+v; want exit 2, … %s", c.name, r, c.want)
		}
	}
}
