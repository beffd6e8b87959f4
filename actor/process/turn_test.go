package process_test

import (
	"context"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/process"
	"github.com/peltonhq/pelton/internal/bundle"
)

func handle(t *testing.T, i actor.Instance, turn *actor.Turn) {
	t.Helper()
	turn.Begin(actortest.Output)
	if err := i.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
}

// D3 holds where a key's messages are in different batches.
func TestAfterAcrossBatches(t *testing.T) {
	i := start(t, load(t, binary(t, "suite")), actortest.Env("{}"))
	big := strings.Repeat("x", 700<<10)
	for head, want := range map[string]pelton.Decision{"ack": pelton.DecisionAck, "retry 1s": pelton.DecisionNone} {
		turn := actortest.Turn(head+";log "+big, "ack;log "+big, "emit 1 1", "ack;log "+big, "emit 1 1")
		turn.Deliveries[2].After, turn.Deliveries[4].After = 0, 2
		handle(t, i, turn)
		for _, k := range []int{2, 4} {
			if d := turn.Outcomes[k].Verdict.Decision; d != want {
				t.Errorf("after %q: delivery %d is %v, want %v", head, k, d, want)
			}
		}
	}
}

// All that is known of a message reaches the plugin.
func TestMeta(t *testing.T) {
	i := start(t, load(t, binary(t, "suite")), actortest.Env("{}"))
	turn := actortest.Turn("about", "about")
	lane := &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l/\xff"}
	meta := &pelton.Meta{
		Lane: lane, Position: 9, Trace: "00-trace", Time: time.Unix(1, 5).UTC(),
		Headers: []pelton.Header{{Name: "h", Value: "v\xff"}, {Name: "g"}},
	}
	view := pelton.Borrow([]byte("about"), nil, meta, nil, nil)
	turn.Deliveries[0].View = view.WithAttempt(2, 1, time.Unix(2, 0).UTC())
	handle(t, i, turn)
	want := "s/i/l%2F%FF/9|s|l/\uFFFD|[{h v\uFFFD} {g }]|00-trace|1970-01-01T00:00:01.000000005Z|1970-01-01T00:00:02Z"
	if got := string(turn.Emits[0].Payload); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(turn.Emits[1].Payload); !strings.HasSuffix(got, "|0001-01-01T00:00:00Z|0001-01-01T00:00:00Z") {
		t.Errorf("unknown times: %s", got)
	}
}

// A process has only what it is given of the environment.
func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_WHEEL", "x")
	m, err := module(t, runtime(t), process.Config{Command: []string{binary(t, "suite")}, Env: []string{"GIVEN=1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context())
	i := start(t, m, actortest.Env("{}"))
	turn := actortest.Turn("environment")
	handle(t, i, turn)
	got := "," + string(turn.Emits[0].Payload) + ","
	if strings.Contains(got, "SECRET") || !strings.Contains(got, ",GIVEN,") || !strings.Contains(got, ",PATH,") || !strings.Contains(got, ",PELTON_PLUGIN,") {
		t.Errorf("environment %s", got)
	}
	if err := i.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Standard output and error are the plugin's log, at most so many lines of it.
func TestOutput(t *testing.T) {
	j := new(journal)
	env := actortest.Env("{}")
	env.Log = j.log
	i := start(t, load(t, binary(t, "suite")), env)
	handle(t, i, actortest.Turn("print hello;complain oh", "print "+strings.Repeat("y", 10<<10)))
	for !j.has("info hello") || !j.has("warn oh") || !j.has("info yyy") {
		handle(t, i, actortest.Turn("ack"))
	}
	for _, line := range j.all() {
		if len(line) > 5<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	handle(t, i, actortest.Turn("chatter"))
	if err := i.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if n := len(j.all()); n > 1000 {
		t.Errorf("%d lines", n)
	}
}

// limits.time is processor time: what sleeps has longer, and each answer of a turn has its own limit.
func TestTime(t *testing.T) {
	p := open(t, new(journal), binary(t, "suite"))
	if f := offer(t, p, "sleep 500ms").Outcomes[0].Fault; f != nil {
		t.Errorf("asleep for twice limits.time: %v", f)
	}
	turn := offer(t, p, "spin 60ms", "spin 60ms", "spin 60ms", "spin 60ms", "spin 60ms", "spin 60ms", "spin 60ms", "spin 60ms", "count")
	for k, o := range turn.Outcomes {
		if o.Fault != nil {
			t.Errorf("delivery %d: %v", k, o.Fault)
		}
	}
	if n := string(turn.Emits[0].Payload); n != "10" { // one process all along
		t.Errorf("count %s, want 10", n)
	}
	f := offer(t, p, "loop").Outcomes[0].Fault
	if f == nil || f.Kind != actor.FaultTimeout || !strings.Contains(f.Error(), "limits.time of 250ms") {
		t.Errorf("%v", f)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// The files of a version are a copy: an edit does not change what runs, and the digest tells versions apart.
func TestVersions(t *testing.T) {
	dir := t.TempDir()
	suite := binary(t, "suite")
	write(t, filepath.Join(dir, "data.txt"), "one", 0o600)
	write(t, filepath.Join(dir, ".hidden"), "no", 0o600)
	program, err := runtime(t).Program(process.Config{Command: []string{suite, "data.txt"}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	version := func() actor.Module {
		artifact, err := program.Pack()
		if err != nil {
			t.Fatal(err)
		}
		m, err := program.Load(t.Context(), artifact)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close(context.Background()) })
		return m
	}
	first, same := version(), version()
	i := start(t, first, actortest.Env("{}"))
	write(t, filepath.Join(dir, "data.txt"), "two", 0o600)
	second := version()
	if first.Digest() != same.Digest() || first.Digest() == second.Digest() {
		t.Errorf("digests %s, %s, %s", first.Digest(), same.Digest(), second.Digest())
	}
	j := start(t, second, actortest.Env("{}"))
	for want, n := range map[string]actor.Instance{"one": i, "two": j} {
		turn := actortest.Turn("read data.txt", "read .hidden")
		handle(t, n, turn)
		if got, hidden := string(turn.Emits[0].Payload), string(turn.Emits[1].Payload); got != want || hidden == "no" {
			t.Errorf("read %q and %q, want %q and an error", got, hidden, want)
		}
	}
}

// A swap gives files without a command: they take the places that the configured command has for them.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "run"), "#!/bin/sh\nexit 1\n", 0o700)
	write(t, filepath.Join(dir, "other"), "#!/bin/sh\nexit 2\n", 0o700)
	write(t, filepath.Join(dir, "plain"), "text", 0o600)
	single := process.Config{Command: []string{"./run"}, Base: dir}
	whole := process.Config{Command: []string{"./run"}, Dir: dir}
	for name, c := range map[string]struct {
		config     process.Config
		path, want string
	}{
		"a file":                       {single, "other", "exit status 2"},
		"a file that is no program":    {single, "plain", "no executable file run"},
		"a directory for a file":       {single, "", "give a file"},
		"a directory":                  {whole, "", "exit status 1"},
		"a file for a directory":       {whole, "other", "give a directory"},
		"a file for one of two":        {process.Config{Command: []string{"./run", "plain"}, Base: dir}, "other", "names 2 files"},
		"a file for an argument's":     {process.Config{Command: []string{"sh", "run"}, Base: dir}, "other", "exit status 2"},
		"a file, none being named":     {process.Config{Command: []string{"sh"}, Base: dir}, "other", "names 0 files"},
		"no bundle, but a wasm module": {single, "\x00asm", "not the artifact of a process plugin"},
	} {
		program, err := runtime(t).Program(c.config)
		if err != nil {
			t.Fatal(err)
		}
		artifact := []byte(c.path)
		if !strings.HasPrefix(c.path, "\x00") {
			if artifact, err = bundle.Pack(filepath.Join(dir, c.path), 1<<20); err != nil {
				t.Fatal(err)
			}
		}
		m, err := program.Load(t.Context(), artifact)
		if err == nil {
			_, err = m.Start(t.Context(), actortest.Env("{}"))
			_ = m.Close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A version whose interpreter is another by now is refused, since it would not run what it ran.
func TestChangedMachine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "interpreter")
	write(t, path, "#!/bin/sh\n", 0o700)
	program, err := runtime(t).Program(process.Config{Command: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	artifact, err := program.Pack()
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "#!/bin/sh\nexit\n", 0o700)
	if _, err = program.Load(t.Context(), artifact); err == nil || !strings.Contains(err.Error(), path+" is not the file any more") {
		t.Errorf("%v", err)
	}
}

// The memory is watched between two turns too.
func TestHogBetweenTurns(t *testing.T) {
	j := new(journal)
	env := actortest.Env("{}")
	env.Log = j.log
	m := load(t, binary(t, "suite"))
	for {
		i := start(t, m, env)
		turn := actortest.Turn("hog-later")
		turn.Begin(actortest.Output)
		if err := i.Handle(t.Context(), turn); err != nil {
			continue // on a slow machine it is over the limit before its answer arrives
		}
		for running("suite") != nil { // until the watch ends it: no turn is under way
			goruntime.Gosched()
		}
		handle(t, i, actortest.Turn("ack"))
		break
	}
	if !j.has("started again: out of memory") {
		t.Errorf("logged %q", j.all())
	}
}
