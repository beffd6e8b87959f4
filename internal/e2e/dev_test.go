package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/engine/dev"
	"github.com/peltonhq/pelton/sdk/build"
)

var figured = flag.Int("dev", 0, "saves of TestDevFigures; 0 skips it")

// devWheel is one process of `pelton dev --json`.
type devWheel struct {
	t    *testing.T
	out  *bufio.Scanner
	stop func()
}

// devEvent is a line of dev: of the wheel, or of dev itself.
type devEvent struct {
	dev.Event

	HTTP string `json:"http"`
}

func startDev(t *testing.T, config string, flags ...string) *devWheel {
	t.Helper()
	args := []string{"dev", config, "--json", "--store", filepath.Join(filepath.Dir(config), "store"), "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}
	c := command(limited(t), append(args, flags...)...)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w := &devWheel{t: t, out: bufio.NewScanner(out)}
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = c.Process.Signal(os.Interrupt)
		for w.out.Scan() { // all output is read before Wait closes it
		}
		if err := c.Wait(); err != nil {
			t.Errorf("dev ended with %v\n%s", err, said.String())
		}
	}
	t.Cleanup(w.stop)
	return w
}

// await waits for an event of one of the kinds.
func (w *devWheel) await(kinds ...string) devEvent {
	w.t.Helper()
	for w.out.Scan() {
		var e devEvent
		if err := json.Unmarshal(w.out.Bytes(), &e); err != nil {
			w.t.Fatalf("dev printed %q: %v", w.out.Text(), err)
		}
		if slices.Contains(kinds, e.Kind) {
			return e
		}
	}
	w.t.Fatalf("dev ended before it said any of %q", kinds)
	return devEvent{}
}

// project is the example with plugins that can be edited; pairs replace parts of its config.
func project(t *testing.T, replace ...string) (config, source string) {
	t.Helper()
	source = changed(t, delays)
	return flightsAtRest(t, append([]string{"path: plugins/delays", "path: " + source}, replace...)...), filepath.Join(source, "main.go")
}

// TestDev saves a plugin that is good, one that does not compile, one that fails, and a config that is good and one that is not.
func TestDev(t *testing.T) {
	t.Parallel()
	config, source := project(t)
	w := startDev(t, config, "--sample", "../../examples/flights/tests/flights.ndjson")
	if e := w.await("watching"); len(e.Paths) != 3 || e.Paths[0] != config {
		t.Errorf("watches %q", e.Paths)
	}
	edit(t, source, "}{15}", "}{5}", "return pelton.Ack()\n}", "if delay < -10 {\n\t\treturn pelton.Dead(\"early\")\n\t}\n\treturn pelton.Ack()\n}")
	if e := w.await("live", "broken", "refused"); e.Kind != "live" || e.Plugin != "delays" || e.Revision != 2 || e.Took == 0 {
		t.Errorf("%+v", e)
	}
	c := w.await("compared").Change
	if c == nil || c.Messages != 25 || !c.Recorded || c.Changed == 0 || len(c.Examples) == 0 {
		t.Fatalf("compared: %+v", c)
	}
	if !slices.ContainsFunc(c.Outputs, func(o dev.Emits) bool { return o.Output == "late" && o.After > o.Before }) {
		t.Errorf("compared: %+v", c)
	}

	edit(t, source, "}{5}", "}{five}")
	if e := w.await("live", "broken", "refused"); e.Kind != "broken" || !strings.Contains(e.Reason, "main.go:12:3: undefined: five") || len(e.Paths) == 0 {
		t.Errorf("%+v", e)
	}
	edit(t, source, "}{five}", "}{5}") // what runs already
	if e := w.await("live", "broken", "refused", "same"); e.Kind != "same" {
		t.Errorf("%+v", e)
	}
	edit(t, source, "delay, err := field.Int()", "delay, err := field.Int()\n\tpanic(delay)")
	if e := w.await("live", "broken", "refused"); e.Kind != "refused" || !strings.Contains(e.Reason, "trap") {
		t.Errorf("%+v", e)
	}
	edit(t, source, "\n\tpanic(delay)", "", "}{5}", "}{6}")
	if e := w.await("live", "broken", "refused"); e.Kind != "live" {
		t.Errorf("%+v", e)
	}

	edit(t, config, "sinks:", "sinkz:")
	if e := w.await("config"); !strings.Contains(e.Reason, "sinkz") {
		t.Errorf("%+v", e)
	}
	edit(t, config, "sinkz:", "sinks:", "rate: 100/s", "rate: 200/s") // what was swapped in meanwhile is no change
	if e := w.await("applied", "restarts", "config"); e.Kind != "applied" || !slices.Equal(e.Lines, []string{
		"~ source flights: file.rate 100/s -> 200/s (its lanes are drained; closed and opened again)",
	}) {
		t.Errorf("%+v", e)
	}
	edit(t, config, "rate: 200/s", "rate: 200/s\n", "plugins:", "limits: {taps: 20}\nplugins:")
	if e := w.await("applied", "restarts", "config"); e.Kind != "restarts" || !slices.Equal(e.Lines, []string{"~ wheel: limits.taps 80 -> 84 (needs a restart)"}) {
		t.Errorf("%+v", e)
	}
	w.await("listening")
	w.await("watching")
	w.stop()
}

// TestDevApplies changes the config of a wheel that goes on: a plugin's config, its code in the same save, a plugin that is new, and
// then what is saved of that. Its connections stay.
func TestDevApplies(t *testing.T) {
	t.Parallel()
	config, source := project(t)
	w := startDev(t, config)
	keeper := newKeeper(&wheel{t: t, http: strings.TrimPrefix(w.await("listening").HTTP, "http://")})
	w.await("watching")
	keeper.ask()
	edit(t, config, "# config: {late_after: 15}", "config: {late_after: 30}")
	if e := w.await("applied", "restarts", "config"); e.Kind != "applied" || len(e.Lines) != 1 || !strings.HasPrefix(e.Lines[0], "~ plugin delays: config.late_after = 30 (swapped") {
		t.Errorf("%+v", e)
	}
	keeper.ask()
	edit(t, source, "}{15}", "}{5}") // the config says otherwise
	if e := w.await("live", "broken", "refused"); e.Kind != "live" || e.Revision != 3 {
		t.Errorf("%+v", e)
	}
	other := changed(t, delays, "}{15}", "}{7}")
	edit(t, config, "plugins:", "plugins:\n  more: {from: [flights], wasm: {path: "+other+"}}")
	if e := w.await("applied", "restarts", "config"); e.Kind != "applied" || len(e.Lines) != 1 || e.Lines[0] != "+ plugin more (started)" {
		t.Errorf("%+v", e)
	}
	edit(t, filepath.Join(other, "main.go"), "}{7}", "}{8}")
	if e := w.await("live", "broken", "refused"); e.Kind != "live" || e.Plugin != "more" || e.Revision != 2 {
		t.Errorf("%+v", e)
	}
	keeper.ask()
	w.stop()
}

// TestDevStarts begins with a plugin that does not compile: it starts once that is mended. Then live messages are compared on.
func TestDevStarts(t *testing.T) {
	t.Parallel()
	config, source := project(t)
	edit(t, source, "}{15}", "}{fifteen}")
	w := startDev(t, config)
	if e := w.await("waiting"); !strings.Contains(e.Reason, "undefined: fifteen") {
		t.Errorf("%+v", e)
	}
	edit(t, source, "}{fifteen}", "}{15}")
	w.await("watching")
	plugin := filepath.Join(filepath.Dir(source), "late.go") // a new file counts too
	write(t, plugin, "package main\n\nfunc init() { config.LateAfter = 1000 }\n")
	if e := w.await("live", "broken", "refused"); e.Kind != "live" {
		t.Errorf("%+v", e)
	}
	if c := w.await("compared"); c.Change == nil || c.Change.Messages == 0 || c.Change.Recorded {
		t.Errorf("%+v", c)
	}
	w.stop()
}

// TestDevFigures prints how long a save takes until it is live, for each language whose compiler is there, and how much of
// that is the compiler's: go test ./internal/e2e -run TestDevFigures -v -args -dev 20.
func TestDevFigures(t *testing.T) {
	if *figured == 0 {
		t.Skip("asked for by -args -dev N")
	}
	for _, l := range []struct{ name, dir, file, from, to string }{
		{"go", delays, "main.go", "}{15}", "}{%d}"},
		{"rust", "../../examples/flights/plugins/delays-rust", "src/lib.rs", "15", "%d"},
		{"c", "../../examples/flights/plugins/delays-c", "delays.c", "15", "%d"},
		{"assemblyscript", "../../examples/flights/plugins/delays-assemblyscript", "assembly/index.ts", "15", "%d"},
	} {
		t.Run(l.name, func(t *testing.T) { saves(t, l.dir, l.file, l.from, l.to) })
	}
}

// saves writes a plugin again and again, each time with another number.
func saves(t *testing.T, dir, file, from, to string) {
	source := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := os.CopyFS(source, os.DirFS(dir)); err != nil {
		t.Skip(err)
	}
	if _, err := build.Build(limited(t), source, build.Options{}); err != nil {
		t.Skip(err)
	}
	w := startDev(t, flightsAtRest(t, "path: plugins/delays", "path: "+source))
	w.await("watching")
	path := filepath.Join(source, file)
	text := read(t, path)
	var whole, compile []time.Duration
	for i := range *figured {
		write(t, path, strings.Replace(text, from, fmt.Sprintf(to, 20+i), 1))
		e := w.await("live", "broken", "refused", "same")
		if e.Kind != "live" {
			t.Fatalf("%+v", e)
		}
		whole = append(whole, e.Took)
		compile = append(compile, e.Built)
	}
	w.stop()
	slices.Sort(whole)
	slices.Sort(compile)
	n := len(whole)
	t.Logf("save to live of %d saves: median %s, worst %s; of it the compiler: median %s, worst %s",
		n, whole[n/2].Round(time.Millisecond), whole[n-1].Round(time.Millisecond), compile[n/2].Round(time.Millisecond), compile[n-1].Round(time.Millisecond))
}
