package wasm_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/internal/invariants"
)

// lines are what a plugin logs.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) log(level, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, level+" "+line)
}

func (l *lines) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.all {
		if strings.Contains(line, words) {
			n++
		}
	}
	return n
}

// echoed runs a turn and wants each payload echoed as it was lent.
func echoed(t *testing.T, n actor.Instance, turn *actor.Turn) {
	t.Helper()
	want := make([]string, len(turn.Deliveries))
	for i := range turn.Deliveries {
		want[i] = string(turn.Deliveries[i].View.Payload())
	}
	turn.Begin(actor.DefaultOutput)
	if err := n.Handle(t.Context(), turn); err != nil {
		t.Fatal(err)
	}
	if len(turn.Emits) != len(want) {
		t.Fatalf("%d emits of %d messages", len(turn.Emits), len(want))
	}
	for i, e := range turn.Emits {
		if got := strings.TrimSuffix(string(e.Payload), "||1|-"); got != want[i] {
			t.Errorf("message %d: the plugin saw %.60q, want %.60q", i, got, want[i])
		}
		if got := string(turn.Deliveries[i].View.Payload()); got != want[i] {
			t.Errorf("message %d: the host's bytes changed to %.60q", i, got)
		}
	}
}

// command is a payload that begins with commands and is long enough to be shown.
func command(commands string) []byte {
	return []byte(commands + ";log " + strings.Repeat("x", 20<<10))
}

// A1: what a guest writes into what it is shown is its own copy, which is gone before the guest is shown anything else.
func TestWritesIntoTheWindowAreDropped(t *testing.T) {
	p := newPool(t, 4*mib)
	m := load(t, guest(t, "testdata/suite"))
	var said lines
	env := mapped(p)
	env.Log = said.log
	scribbler, bystander := start(t, m, env), start(t, load(t, guest(t, "testdata/suite")), mapped(p))
	var first *byte
	for round := range 5 {
		// A message of others in the middle shares its pages.
		turn := p.lend(command("echo;scribble"), command("echo"), command("echo;scribble"))
		at := &turn.Deliveries[0].View.Payload()[0]
		if first == nil {
			first = at
		}
		if at != first {
			t.Fatal("the message does not lie where the first one did: nothing is proved")
		}
		for range 2 { // offered again, as after a fault
			echoed(t, scribbler, turn)
			echoed(t, bystander, turn)
		}
		p.release()
		if round == 0 && (env.Window.Dirty.Load() != 2 || env.Window.Copied.Load() != 0) {
			t.Errorf("written %d times, %d bytes copied", env.Window.Dirty.Load(), env.Window.Copied.Load())
		}
	}
	if dirty, copied := env.Window.Dirty.Load(), env.Window.Copied.Load(); dirty != 3 || copied == 0 {
		t.Errorf("written %d times, %d bytes copied: want copies after 3 times", dirty, copied)
	}
	if said.count("warn the plugin wrote into payloads that it is only shown") != 1 || said.count("from now on they are copied") != 1 {
		t.Errorf("logged %q", said.all)
	}
	next := mapped(p)
	echoed(t, start(t, m, next), p.lend(command("echo")))
	if next.Window.Mapped.Load() != 0 {
		t.Error("another instance of the same version is shown payloads")
	}
}

// A guest that writes where the call showed it nothing is found later, and then follows the arena again.
func TestWritesElsewhereAreDroppedInTime(t *testing.T) {
	p := newPool(t, 4*mib)
	env := mapped(p)
	n := suite(t, env)
	echoed(t, n, p.lend(command("echo;keep")))
	p.release()
	far := p.lend(command("ack"), command("ack"), command("spoil"))
	far.Deliveries = far.Deliveries[2:]
	if err := n.Handle(t.Context(), far); err != nil {
		t.Fatal(err)
	}
	p.release()
	for range 4096 {
		if err := n.Handle(t.Context(), batch(actor.DefaultOutput, "ack")); err != nil {
			t.Fatal(err)
		}
	}
	if env.Window.Dirty.Load() != 1 {
		t.Errorf("found %d times, want once", env.Window.Dirty.Load())
	}
	echoed(t, n, p.lend(command("echo")))
}

// What a guest keeps beyond its turn is memory that others use: here it reads that, and nobody else is harmed.
func TestKeptPayloadFollowsTheArena(t *testing.T) {
	p := newPool(t, 4*mib)
	n := suite(t, mapped(p))
	echoed(t, n, p.lend(command("echo;keep")))
	p.release()
	if invariants.Enabled {
		if got := one(t, n, "kept"); strings.Count(got, "\xDB") != len(got) {
			t.Errorf("a released message is not poisoned: %.60q", got)
		}
	}
	later := p.lend(bytes.Repeat([]byte("y"), 30<<10))
	if got := one(t, n, "kept"); !strings.HasPrefix(string(later.Deliveries[0].View.Payload()), got) {
		t.Errorf("got %.60q", got)
	}
}

func TestGrowingMemoryKeepsTheWindow(t *testing.T) {
	p := newPool(t, 64*mib)
	env := mapped(p)
	n := suite(t, env)
	before := n.Memory()
	echoed(t, n, p.lend(command("echo;waste 300"), command("echo")))
	echoed(t, n, p.lend(command("echo"), command("echo;waste 300")))
	if after := n.Memory(); before > 16*mib || after <= before || after > actor.DefaultMemory {
		t.Errorf("its own memory grew from %d to %d", before, after)
	}
	f := fault(t, n.Handle(t.Context(), p.lend(command("hog"))))
	if f.Kind != actor.FaultTrap || !strings.Contains(f.Err.Error(), "needs more than limits.memory of 64MiB") {
		t.Errorf("got %v", f)
	}
}

func TestCloseDuringACallThatIsShownPayloads(t *testing.T) {
	p := newPool(t, 4*mib)
	env, running := mapped(p), make(chan struct{})
	env.Log = func(string, string) { close(running) }
	n := suite(t, env)
	turn := p.lend([]byte("log started;loop;" + strings.Repeat("x", 64<<10)))
	done := make(chan error)
	go func() { done <- n.Handle(context.Background(), turn) }()
	<-running
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := fault(t, <-done); !f.Broken || !errors.Is(f, context.Canceled) {
		t.Errorf("got %v", f)
	}
}

// Guests may outlive an arena. The next one may be given its addresses, and takes its place in the window.
func TestArenaThatIsClosedBeforeItsGuests(t *testing.T) {
	env := patient()
	env.Window = &actor.Window{Room: 4 * mib, Least: 1}
	n := suite(t, env)
	for i := range 3 {
		a, err := arena.New(arena.Options{Name: "short", Size: 4 * mib, MaxMessage: mib})
		if err != nil {
			t.Fatal(err)
		}
		l, err := a.Lane("lane")
		if err != nil {
			t.Fatal(err)
		}
		p := &pool{t: t, arena: a, lane: l}
		echoed(t, n, p.lend(command("echo"), command("echo;"+strings.Repeat("ack;", i))))
		p.release()
		l.Close()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		one(t, n, "ack")
	}
	if env.Window.Mapped.Load() < 6*20<<10 {
		t.Errorf("%d bytes were shown", env.Window.Mapped.Load())
	}
}

func TestArenasThatFitAndOneThatDoesNot(t *testing.T) {
	a, b, c := newPool(t, 4*mib), newPool(t, 8*mib), newPool(t, 4*mib)
	var said lines
	env := mapped(a, b)
	env.Log = said.log
	n := suite(t, env)
	for range 2 {
		for _, p := range []*pool{a, b, c} {
			echoed(t, n, p.lend(command("echo"), command("echo")))
		}
	}
	if said.count("does not fit") != 1 {
		t.Errorf("logged %q", said.all)
	}
}

// A payload that lies in no arena is copied, if need be into the room of what is shown.
func TestCopyLargerThanTheWindow(t *testing.T) {
	p := newPool(t, 16*mib)
	env := mapped(p)
	env.Limits.Memory, env.Limits.Output = 256*mib, 32*mib
	n := suite(t, env)
	copied := func(size int) {
		large := "echo;log " + strings.Repeat("y", size)
		turn := batch(32*mib, large)
		if err := n.Handle(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		if got := string(turn.Emits[0].Payload); got != large+"|k|1|-" {
			t.Errorf("a message of %d bytes came back as %d bytes", size, len(got))
		}
	}
	for _, size := range []int{300 << 10, 3 << 20} {
		echoed(t, n, p.lend(command("echo")))
		copied(size)
		echoed(t, n, p.lend(command("echo")))
	}
	if env.Window.Dirty.Load() != 0 {
		t.Error("the host's own writes are held against the guest")
	}
	copied(17 << 20) // and so is everything from now on
	echoed(t, n, p.lend(command("echo")))
}

// A guest that has no such window, or that gives memory which it uses itself, is on its own.
func TestWindowsThatCannotBe(t *testing.T) {
	p := newPool(t, mib)
	start := func(f forge) (*actor.Window, *lines) {
		var said lines
		env := mapped(p)
		env.Log, env.Limits.Memory = said.log, 4*mib
		n := start(t, load(t, f.bytes()), env)
		for range 2 {
			turn := p.lend(command("a"), command("b"))
			if err := n.Handle(t.Context(), turn); err != nil || turn.Outcomes[1].Verdict != pelton.Ack() {
				t.Errorf("got %v, %v", turn.Outcomes[1].Verdict, err)
			}
			p.release()
		}
		return env.Window, &said
	}
	t.Run("none of that size", func(t *testing.T) {
		f := plain()
		f.pages = 6 // 384 KiB
		w, said := start(f)
		if w.Mapped.Load() != 0 || said.count("payloads are copied: the module makes no window of that size") != 1 {
			t.Errorf("%d bytes were shown; logged %q", w.Mapped.Load(), said.all)
		}
	})
	t.Run("more room than a guest can have", func(t *testing.T) {
		var said lines
		env := mapped(p)
		env.Log, env.Window.Room = said.log, 4<<30
		n := suite(t, env)
		echoed(t, n, p.lend(command("echo")))
		p.release()
		if env.Window.Mapped.Load() != 0 || said.count("room for arenas of 4GiB beside limits.memory, and a guest has 4GiB for both") != 1 {
			t.Errorf("%d bytes were shown; logged %q", env.Window.Mapped.Load(), said.all)
		}
	})
	t.Run("over its own data", func(t *testing.T) {
		// It keeps a word in its window, where the arena comes to lie, and adds to it in each call.
		const word, load32 = place + 300<<10 + 512<<10, 0x28
		handle := join(i32c(word), i32c(word), []byte{load32, 2, 0}, i32c(1), []byte{opI32Add, opI32Store, 2, 0}, plain().functions[3].code)
		if w, _ := start(plain().with(function{"pelton_handle", 2, true, handle})); w.Mapped.Load() == 0 {
			t.Error("nothing was shown: nothing is proved")
		}
	})
}

func TestAllocationsOfShownPayloads(t *testing.T) {
	p := newPool(t, 8*mib)
	n := start(t, load(t, noop40()), mapped(p))
	turn := p.lend(bytes.Repeat([]byte{1}, 64<<10), bytes.Repeat([]byte{2}, 64<<10))
	allocations := testing.AllocsPerRun(100, func() {
		turn.Begin(actor.DefaultOutput)
		if err := n.Handle(context.Background(), turn); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 4 {
		t.Errorf("%v allocations a turn, want at most the engine's 4", allocations)
	}
}

// noop40 is the no-op with memory for a window that shows 8 MiB.
func noop40() []byte {
	f := plain()
	f.pages = 200
	return f.bytes()
}

func TestInstancesLeaveNothingBehind(t *testing.T) {
	p := newPool(t, mib)
	m := load(t, noop())
	turn := p.lend(command("a"))
	round := func() {
		env := mapped(p)
		n, err := m.Start(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		turn.Begin(actor.DefaultOutput)
		if err := errors.Join(n.Handle(t.Context(), turn), n.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
		if env.Window.Mapped.Load() == 0 {
			t.Fatal("nothing was shown")
		}
	}
	round()
	runtime.GC()
	areas, files := mappedAreas(t), openFiles(t)
	for range 1000 {
		round()
	}
	runtime.GC()
	if now := mappedAreas(t); now > areas+20 {
		t.Errorf("%d areas of memory are mapped, %d before", now, areas)
	}
	if now := openFiles(t); now != files {
		t.Errorf("%d files are open, %d before", now, files)
	}
}

func mappedAreas(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(maps, []byte("\n"))
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
