package wasm_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
)

// handles is a plugin with another pelton_handle, and with helpers behind its own functions: the first has the index of
// the imports and four more.
func handles(code []byte, helpers ...function) forge {
	f := plain().with(function{"pelton_handle", 2, true, code})
	f.functions = append(f.functions, helpers...)
	return f
}

const helper = 4 // index of the first helper of a plugin without imports

// endless is code that goes round and round.
func endless(code ...[]byte) []byte {
	return join([]byte{opLoop, void}, join(code...), []byte{opBr, 0, opEnd}, i32c(0))
}

// calling is an endless loop of calls of one import, by these arguments.
func calling(name string, result bool, args ...int32) forge {
	var code []byte
	for _, a := range args {
		code = append(code, i32c(a)...)
	}
	code = append(code, opCall, 0)
	if result {
		code = append(code, opDrop)
	}
	module, name, _ := strings.Cut(name, ".")
	f := handles(endless(code))
	f.imports = []symbol{{module, name, len(args), result}}
	return f
}

// tree are functions each of which calls the one before it twice: 2 to the power of levels calls without a loop.
func tree(levels int) forge {
	helpers := []function{{"f0", 0, false, nil}}
	for i := range levels {
		helpers = append(helpers, function{"f" + string(rune('a'+i)), 0, false, []byte{opCall, byte(helper + i), opCall, byte(helper + i)}})
	}
	return handles(join([]byte{opCall, byte(helper + levels)}, i32c(0)), helpers...)
}

const tailCall = 0x12

// Each of these goes on without end, or nearly so.
var endlessGuests = map[string]forge{
	"loop":              handles(endless()),
	"tree of calls":     tree(40),
	"memory.fill":       handles(endless(i32c(0), i32c(0), i32c(40*64<<10), []byte{0xfc, 11, 0})),
	"memory.copy":       handles(endless(i32c(0), i32c(64<<10), i32c(39*64<<10), []byte{0xfc, 10, 0, 0})),
	"memory.grow":       handles(endless(i32c(1), []byte{0x40, 0, opDrop})),
	"a long body":       handles(endless(slices.Repeat([]byte{opLocalGet, 0, opDrop}, 10000))),
	"divisions":         handles(endless(slices.Repeat(join([]byte{opLocalGet, 0}, i32c(3), []byte{0x6d, opDrop}), 3000))),
	"a short loop":      handles(endless([]byte{opLocalGet, 0, opDrop})),
	"divisions, short":  handles(endless(slices.Repeat(join([]byte{opLocalGet, 0}, i32c(3), []byte{0x6d, opDrop}), 5))),
	"long way to store": handles(endless(slices.Repeat(join([]byte{opLocalGet, 0, opLocalGet, 0, opI32Store, 2, 0}), 12))),
	"leaves":            handles(endless(slices.Repeat([]byte{opCall, helper}, 5000)), function{"leaf", 0, false, slices.Repeat(join(i32c(7), []byte{opDrop}), 15)}),
	"tail calls":        handles([]byte{opLocalGet, 0, opLocalGet, 1, tailCall, 3}),
	"calls of the host": calling("pelton.output", true, 1024, 64<<10),
	"random bytes":      calling("wasi_snapshot_preview1.random_get", true, 64<<10, 39*64<<10),
	"waiting for many":  calling("wasi_snapshot_preview1.poll_oneoff", true, 1024, 1280<<10, 20000, 0),
	"lines without end": printing(),
	"a log without end": calling("pelton.log", false, 1, 0, 40*64<<10),
}

// printing writes the whole memory, which is full of lines, again and again, through one call of the host: all of its
// pieces are the same.
func printing() forge {
	const iovs = 1 << 20
	f := handles(join(
		i32c(0), i32c('\n'), i32c(iovs), []byte{0xfc, 11, 0}, // memory.fill
		i32c(iovs), i32c(0), []byte{opI32Store, 2, 0}, i32c(iovs+4), i32c(iovs), []byte{opI32Store, 2, 0},
		i32c(iovs+8), i32c(iovs), i32c(1<<20), []byte{0xfc, 10, 0, 0}, // memory.copy: it repeats the first one
		endless(i32c(1), i32c(iovs), i32c(1<<17), i32c(0), []byte{opCall, 0, opDrop}),
	))
	f.imports = []symbol{{"wasi_snapshot_preview1", "fd_write", 4, true}}
	return f
}

const short = 200 * time.Millisecond

// limited runs a turn on a thread of its own and gives the processor time that it took.
func limited(t *testing.T, turn func() error) (used time.Duration, err error) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := wasm.Processor()
	err = turn()
	return wasm.Processor() - begin, err
}

// within reports a use of the processor that is out of bounds.
func within(t *testing.T, used, limit time.Duration, times float64) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return // nobody tells
	}
	if used < limit || used > time.Duration(times*float64(limit)) {
		t.Errorf("it was ended after %v of the processor, want %v to %.1f times that", used, limit, times)
	}
}

// A guest that goes on without end is ended soon after its limit, whatever it is that it does; one beside it goes on.
func TestEndlessGuests(t *testing.T) {
	healthy := start(t, load(t, noop()), patient())
	for name, f := range endlessGuests {
		t.Run(name, func(t *testing.T) {
			n := start(t, load(t, f.bytes()), actor.Env{Limits: actor.Limits{Time: int64(short)}})
			used, err := limited(t, func() error { return n.Handle(context.Background(), batch(actor.DefaultOutput, "x")) })
			if f := fault(t, err); f.Kind != actor.FaultTimeout || !f.Broken || f.Err.Error() != "the turn took longer than limits.time of 200ms" {
				t.Errorf("got %v", err)
			}
			within(t, used, short, 1.2)
			if err := healthy.Handle(t.Context(), batch(actor.DefaultOutput, "x", "y")); err != nil {
				t.Errorf("the guest beside it: %v", err)
			}
		})
	}
}

// The collector of the host is not held up by a guest that never comes back by itself: were it, the test would not end.
func TestCollectorRunsBesideEndlessGuests(t *testing.T) {
	for _, name := range []string{"loop", "a short loop", "divisions, short", "tree of calls", "memory.fill", "a long body", "leaves"} {
		t.Run(name, func(t *testing.T) {
			n, err := load(t, endlessGuests[name].bytes()).Start(t.Context(), actor.Env{Limits: actor.Limits{Time: int64(time.Hour)}})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			go func() { ended <- n.Handle(context.Background(), batch(actor.DefaultOutput, "x")) }()
			best := time.Hour
			for range 10 {
				begin := time.Now()
				runtime.GC()
				best = min(best, time.Since(begin))
			}
			t.Logf("the fastest of 10 collections took %v", best)
			if err := n.Close(context.Background()); err != nil {
				t.Error(err)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A start function, in either form, and an init are bounded as well.
func TestEndlessStarts(t *testing.T) {
	r, err := wasm.New(t.Context(), wasm.Options{Start: short})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	section := plain()
	section.functions = append(section.functions, function{"forever", 0, false, []byte{opLoop, void, opBr, 0, opEnd}})
	section.start = []byte{8, 1, helper}
	rows := map[string]forge{
		"start section": section,
		"_initialize":   plain().with(function{"_initialize", 0, false, []byte{opLoop, void, opBr, 0, opEnd}}),
		"pelton_abi":    plain().with(function{"pelton_abi", 0, true, endless()}),
	}
	for name, f := range rows {
		used, err := limited(t, func() error {
			_, err := r.Load(t.Context(), f.bytes())
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "the start took longer than 200ms") {
			t.Errorf("%s: %v", name, err)
		}
		within(t, used, short, 1.5) // the module is compiled too
	}
	m, err := r.Load(t.Context(), plain().with(function{"pelton_init", 2, true, endless()}).bytes())
	if err != nil {
		t.Fatal(err)
	}
	used, err := limited(t, func() error {
		_, err := m.Start(t.Context(), actor.Env{})
		return err
	})
	if err == nil || err.Error() != "the plugin's init failed: the start took longer than 200ms" {
		t.Errorf("pelton_init: %v", err)
	}
	within(t, used, short, 1.2)
	if err := m.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// Recursion without end is ended by its time or by the engine's bound of a stack, and takes a bounded part of the host's
// memory, which is given back.
func TestEndlessRecursion(t *testing.T) {
	large := handles([]byte{opLocalGet, 0, opLocalGet, 1, opCall, 3})
	large.frame = 40000
	rows := map[string]forge{
		"small frames": handles([]byte{opLocalGet, 0, opLocalGet, 1, opCall, 3}),
		"twice":        handles(join([]byte{opCall, helper}, i32c(0)), function{"f", 0, false, []byte{opCall, helper, opCall, helper}}),
		"large frames": large,
	}
	for name, f := range rows {
		t.Run(name, func(t *testing.T) {
			m, least := load(t, f.bytes()), time.Hour
			for range 5 { // copying a stack of 160 MiB takes longer while others use the memory: the least counts
				n := start(t, m, actor.Env{Limits: actor.Limits{Time: int64(short)}})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				used, err := limited(t, func() error { return n.Handle(context.Background(), batch(actor.DefaultOutput, "x")) })
				runtime.ReadMemStats(&after)
				f := fault(t, err)
				if !f.Broken || f.Kind != actor.FaultTimeout && f.Err.Error() != "stack overflow" {
					t.Errorf("got %v", err)
				}
				took := int64(after.TotalAlloc - before.TotalAlloc)
				t.Logf("%v after %v, %d MiB allocated", f, used, took>>20)
				if took > 256<<20 {
					t.Errorf("the host allocated %d MiB for it", took>>20)
				}
				if least = min(least, used); least <= 2*short {
					break
				}
			}
			if runtime.GOOS == "linux" && !detector && least > 2*short {
				t.Errorf("it was ended after %v of the processor", least)
			}
		})
	}
}

// The plugins of this table fail in one call, each in its way.
func TestHostileGuests(t *testing.T) {
	lying := plain().with(function{"pelton_window", 1, true, i32c(place)})
	rows := []struct {
		name  string
		forge forge
		words string
	}{
		{"trap", handles([]byte{opUnreachable}), "trap: unreachable"},
		{"read out of bounds", handles(join(i32c(-16), []byte{0x28, 2, 0})), "trap: out of bounds memory access"},
		{"write out of bounds", handles(join(i32c(40*64<<10-2), i32c(1), []byte{opI32Store, 2, 0}, i32c(0))), "trap: out of bounds memory access"},
		{"division by zero", handles(join(i32c(1), i32c(0), []byte{0x6d})), "trap: integer divide by zero"},
		{"scribbling over all memory", handles(join(i32c(0), i32c(255), i32c(40*64<<10), []byte{0xfc, 11, 0}, i32c(0))), "malformed: decision 4294967295 is not one of the ABI's"},
		{"no verdict", handles(i32c(0)), "malformed: the plugin gave no verdict"},
		{"a status of its own", handles(i32c(-7)), "malformed: pelton_handle answered -7, want 0"},
		{"lying about a larger window", lying, "malformed: pelton_window(4194304) answered 0x400, which is no window in the module's memory"},
	}
	healthy := start(t, load(t, noop()), patient())
	large := strings.Repeat("x", 3<<20)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			n := start(t, load(t, row.forge.bytes()), patient())
			turn := batch(actor.DefaultOutput, "first", "second")
			if strings.HasPrefix(row.name, "lying") {
				turn = batch(actor.DefaultOutput, large)
			}
			want := string(turn.Deliveries[0].View.Payload())
			if f := fault(t, n.Handle(t.Context(), turn)); f.Error() != row.words {
				t.Errorf("got %v, want %s", f, row.words)
			}
			if string(turn.Deliveries[0].View.Payload()) != want {
				t.Error("the guest changed the host's bytes")
			}
			turn = batch(actor.DefaultOutput, "x")
			if err := healthy.Handle(t.Context(), turn); err != nil || turn.Outcomes[0].Verdict != pelton.Ack() {
				t.Errorf("the guest beside it: %v", err)
			}
		})
	}
}

// Tables are the host's memory: one that would grow without end is told that it can't, and a large one is refused.
func TestTablesAreBounded(t *testing.T) {
	grow := join(
		[]byte{opLoop, void, 0xd0, 0x70}, i32c(10000), []byte{0xfc, 15, 0}, i32c(-1), []byte{0x47, opBrIf, 0, opEnd}, // table.grow until it is refused
		[]byte{0xfc, 16, 0}, i32c(1<<18), []byte{0x4b, 0x04, void, opUnreachable, opEnd}, // more than the bound
		plain().functions[3].code,
	)
	f := handles(grow)
	f.table = section(4, []byte{0x70, 0, 1})
	n := start(t, load(t, f.bytes()), patient())
	if err := n.Handle(t.Context(), batch(actor.DefaultOutput, "x")); err != nil {
		t.Error(err)
	}
	f.table = section(4, join([]byte{0x70, 0}, leb(1<<18)))
	_, err := engine(t).Load(t.Context(), f.bytes())
	if want := "tables of 262144 elements, more than 262144 in all"; !errors.Is(err, wasm.ErrABI) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// No artifact can have the import that is the host's.
func TestFuelIsTheHosts(t *testing.T) {
	f := plain()
	f.imports = []symbol{{"pelton_fuel", "ask", 0, true}}
	_, err := engine(t).Load(t.Context(), f.bytes())
	if !errors.Is(err, wasm.ErrABI) || !strings.Contains(err.Error(), "pelton_fuel.ask, which is the host's") {
		t.Errorf("got %v", err)
	}
	bomb := join(noop()[:8], []byte{2, 5}, leb(1<<31), nil) // an import list of billions
	if _, err := engine(t).Load(t.Context(), bomb); !errors.Is(err, wasm.ErrABI) || !strings.Contains(err.Error(), "longer than what it is in") {
		t.Errorf("got %v", err)
	}
}

// Whatever a guest gives to an import, the host takes it or refuses it.
func FuzzImports(f *testing.F) {
	r := engine(f)
	imports := []symbol{
		{"pelton", "declare", 4, true}, {"pelton", "output", 2, true}, {"pelton", "field", 2, true}, {"pelton", "locate", 3, true},
		{"pelton", "emit", 8, true}, {"pelton", "text", 4, true}, {"pelton", "header", 5, true}, {"pelton", "log", 3, false}, {"pelton", "fail", 2, false},
		{"wasi_snapshot_preview1", "fd_write", 4, true}, {"wasi_snapshot_preview1", "random_get", 2, true}, {"wasi_snapshot_preview1", "poll_oneoff", 4, true},
	}
	var modules []actor.Module
	for _, s := range imports {
		var code []byte
		for i := range s.params { // each is a word of the payload
			code = join(code, i32c(place), []byte{opLocalGet, 0, 0x28, 2, 0, opI32Add, 0x28, 2, byte(4 * i)})
		}
		code = append(code, opCall, 0)
		if s.result {
			code = append(code, opDrop)
		}
		p := handles(join(code, plain().functions[3].code))
		p.imports = []symbol{s}
		m, err := r.Load(f.Context(), p.bytes())
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { m.Close(context.Background()) })
		modules = append(modules, m)
	}
	f.Add(byte(4), []byte("\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x04\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add(byte(9), []byte("\x01\x00\x00\x00\x00\x04\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00"))
	f.Add(byte(11), []byte("\x00\x04\x00\x00\x00\x04\x00\x00\xff\xff\xff\x7f\x00\x00\x00\x00"))
	f.Add(byte(10), []byte("\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, which byte, words []byte) {
		n, err := modules[int(which)%len(modules)].Start(t.Context(), actor.Env{Plugin: "p", Limits: actor.Limits{Time: int64(short)}})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close(context.Background())
		payload := make([]byte, 32)
		copy(payload, words)
		if err := n.Handle(t.Context(), batch(actor.DefaultOutput, string(payload))); err != nil {
			fault(t, err)
		}
	})
}
