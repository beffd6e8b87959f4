package process_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/process"
)

// journal is a plugin's log.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) log(level, message string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, level+" "+message)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

func (j *journal) has(part string) bool {
	return slices.ContainsFunc(j.all(), func(line string) bool { return strings.Contains(line, part) })
}

// offer runs a turn through an actor.
func offer(t *testing.T, p *actor.Plugin, payloads ...string) *actor.Turn {
	t.Helper()
	turn, done := actortest.Turn(payloads...), make(chan struct{})
	turn.Reply = func(*actor.Turn) { close(done) }
	if !p.Offer(0, turn) {
		t.Fatal("the mailbox is full")
	}
	<-done
	return turn
}

func open(t *testing.T, j *journal, command ...string) *actor.Plugin {
	t.Helper()
	r := runtime(t)
	m, err := module(t, r, process.Config{Command: command})
	if err != nil {
		t.Fatal(err)
	}
	env := actortest.Env("{}")
	env.Log = j.log
	p, err := actor.Open(t.Context(), actor.Options{Env: env}, actor.Version{Revision: 1, Module: m})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// P1: whatever a process does, only the delivery during which it does it fails, and nothing is left of it.
func TestHostile(t *testing.T) {
	cases := map[string]struct {
		kind actor.FaultKind
		want string
	}{
		"exit":     {actor.FaultTrap, "out of luck (the process ended with exit status 7)"},
		"hangs":    {actor.FaultTimeout, "it did not answer for 2.5s"},
		"closes":   {actor.FaultTrap, "the process closed its stream and went on"},
		"garbage":  {actor.FaultMalformed, "it sent what is no message of the protocol"},
		"huge":     {actor.FaultOutput, "it sent a message that is larger than limits.output allows"},
		"range":    {actor.FaultMalformed, "it decided delivery 1000 of 1"},
		"late":     {actor.FaultMalformed, "the plugin gave no verdict"},
		"again":    {actor.FaultMalformed, "it decided delivery 0 of 1, after 0"},
		"type":     {actor.FaultMalformed, "it answered what it was not asked"},
		"number":   {actor.FaultMalformed, "it answered what it was not asked"},
		"empty":    {actor.FaultMalformed, "the plugin gave no verdict"},
		"nothing":  {actor.FaultMalformed, "an empty answer"},
		"endless":  {actor.FaultOutput, `emit to output "nowhere"`},
		"decision": {actor.FaultMalformed, "decision 99"},
		"negative": {actor.FaultMalformed, "negative time"},
		"emits":    {actor.FaultOutput, "more than limits.output of 64KiB"},
		"children": {actor.FaultTrap, "the process ended with exit status 0"},
		"eats":     {actor.FaultTrap, "out of memory"},
	}
	ignore := goleak.IgnoreCurrent()
	for mode, c := range cases {
		t.Run(mode, func(t *testing.T) {
			j := new(journal)
			p := open(t, j, binary(t, "hostile"), mode)
			turn := offer(t, p, "a", "go", "b")
			for i, o := range turn.Outcomes {
				if i != 1 && (o.Fault != nil || o.Verdict.Decision != pelton.DecisionAck) {
					t.Errorf("delivery %d: %v, fault %v; want ack", i, o.Verdict, o.Fault)
				}
			}
			if f := turn.Outcomes[1].Fault; f == nil || f.Kind != c.kind || !strings.Contains(f.Error(), c.want) {
				t.Errorf("fault %v, want %s: %s", f, c.kind, c.want)
			}
			if err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
			for _, line := range j.all() {
				if pid, ok := strings.CutPrefix(line, "info child "); ok && alive(t, pid) {
					t.Errorf("child %s is left", pid)
				}
			}
		})
	}
	goleak.VerifyNone(t, ignore)
	if left := running("hostile"); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

// running are the processes of a name, but zombies, which are another's to reap.
func running(name string) (pids []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		text, err := os.ReadFile(path)
		_, rest, ok := strings.Cut(string(text), "("+name+") ")
		if err != nil || !ok {
			continue
		}
		if state, parent, _ := strings.Cut(rest, " "); strings.HasPrefix(parent, strconv.Itoa(os.Getpid())+" ") {
			pids = append(pids, path+" "+state)
		}
	}
	return pids
}

// alive tells whether a process runs; a zombie does not.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// A process that prints without end is no failure: its lines are dropped and counted.
func TestPrints(t *testing.T) {
	j := new(journal)
	p := open(t, j, binary(t, "hostile"), "prints")
	for range 50 {
		turn := offer(t, p, "a", "go", "b")
		for i, o := range turn.Outcomes {
			if o.Fault != nil || o.Verdict.Decision != pelton.DecisionAck {
				t.Fatalf("delivery %d: %v, fault %v; want ack", i, o.Verdict, o.Fault)
			}
		}
	}
	for !j.has("and another line") {
		offer(t, p, "a")
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(j.all()); n > 5000 {
		t.Errorf("%d lines were logged", n)
	}
}

// A process that leaves between two turns harms nobody: another is started before the next one.
func TestLeaves(t *testing.T) {
	j := new(journal)
	p := open(t, j, binary(t, "hostile"), "leaves")
	for n := range 5 {
		turn := offer(t, p, "a")
		if o := turn.Outcomes[0]; o.Fault != nil || o.Verdict.Decision != pelton.DecisionAck {
			t.Errorf("turn %d: %v, fault %v", n, o.Verdict, o.Fault)
		}
	}
	if !j.has("the process left between two messages and is started again") {
		t.Errorf("logged %q", j.all())
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// What is said without being asked is nobody's fault: another process is started for the next turn.
func TestUnasked(t *testing.T) {
	j := new(journal)
	p := open(t, j, binary(t, "hostile"), "unasked")
	for !j.has("it answered what it was not asked") {
		if o := offer(t, p, "a").Outcomes[0]; o.Fault != nil || o.Verdict.Decision != pelton.DecisionAck {
			t.Errorf("%v, fault %v", o.Verdict, o.Fault)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A second stream of the same process is refused; the first goes on.
func TestTwice(t *testing.T) {
	j := new(journal)
	p := open(t, j, binary(t, "hostile"), "twice")
	if o := offer(t, p, "a").Outcomes[0]; o.Verdict.Decision != pelton.DecisionAck {
		t.Errorf("%v, fault %v", o.Verdict, o.Fault)
	}
	for !j.has("AlreadyExists") && !j.has("rpc error") {
		offer(t, p, "a")
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A process that stays when it is told to leave is ended.
func TestStays(t *testing.T) {
	m := load(t, binary(t, "hostile"), "stays")
	i, err := m.Start(t.Context(), actortest.Env("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if left := running("hostile"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What keeps a program from starting is said with what it said itself.
func TestStartErrors(t *testing.T) {
	hostile := binary(t, "hostile")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plain"), "text", 0o600)
	write(t, filepath.Join(dir, "script"), "#!/no/such/interpreter\n", 0o700)
	write(t, filepath.Join(dir, "shell"), "#!/bin/sh\necho first >&2\necho second >&2\nexit 5\n", 0o700)
	short := 300 * time.Millisecond
	cases := map[string]struct {
		config process.Config
		want   []string
	}{
		"empty":          {process.Config{}, []string{"command is empty"}},
		"not on PATH":    {process.Config{Command: []string{"no-such-program-x"}}, []string{`command "no-such-program-x" is not found on PATH`}},
		"here":           {process.Config{Command: []string{"plain"}, Base: dir}, []string{"write ./plain"}},
		"no file":        {process.Config{Command: []string{"./nope"}, Base: dir}, []string{"nope is not found"}},
		"no directory":   {process.Config{Command: []string{"./nope"}, Dir: filepath.Join(dir, "x")}, []string{"is not a directory"}},
		"a directory":    {process.Config{Command: []string{dir}}, []string{"is a directory"}},
		"not executable": {process.Config{Command: []string{"./plain"}, Base: dir}, []string{"is not executable", "chmod +x"}},
		"no interpreter": {process.Config{Command: []string{"./script"}, Base: dir}, []string{"interpreter"}},
		"exits":          {process.Config{Command: []string{hostile, "exits"}}, []string{"the process left before it attached", "exit status 3", "no module named numpy"}},
		"shell":          {process.Config{Command: []string{"./shell"}, Base: dir}, []string{"exit status 5", "first\nsecond"}},
		"silent":         {process.Config{Command: []string{hostile, "silent"}, Ready: short}, []string{"was not ready within 300ms (process.ready)", "did not attach"}},
		"mute":           {process.Config{Command: []string{hostile, "mute"}, Ready: time.Second}, []string{"was not ready within 1s", "did not answer Init"}},
		"version":        {process.Config{Command: []string{hostile, "version"}}, []string{"speaks version 9"}},
		"role":           {process.Config{Command: []string{hostile, "role"}}, []string{"role 7"}},
		"output":         {process.Config{Command: []string{hostile, "output"}}, []string{`output "a b"`}},
		"wrong":          {process.Config{Command: []string{hostile, "wrong"}}, []string{"something else than Started"}},
		"too large":      {process.Config{Command: []string{"./shell"}, Dir: dir, Limit: 10}, []string{"limits.artifact"}},
	}
	ignore := goleak.IgnoreCurrent()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m, err := module(t, runtime(t), c.config)
			if err == nil {
				_, err = m.Start(t.Context(), actortest.Env("{}"))
				if e := m.Close(t.Context()); e != nil {
					t.Error(e)
				}
			}
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nwant %q", err, want)
				}
			}
		})
	}
	goleak.VerifyNone(t, ignore)
	if left := running("hostile"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", path, err))
	}
}
