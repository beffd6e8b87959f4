package wasm_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
)

func TestLoadRefusesWhatIsNoPlugin(t *testing.T) {
	r := engine(t)
	foreign, missing, shapely := plain(), plain(), plain()
	foreign.imports = []symbol{{"env", "system", 1, true}}
	missing.imports = []symbol{{"pelton", "teleport", 1, true}}
	shapely.imports = []symbol{{"pelton", "emit", 1, true}}
	nowhere := plain()
	nowhere.noMemory = true
	rows := []struct {
		name  string
		bytes []byte
		words string
	}{
		{"nothing", nil, "does not begin like a WebAssembly module"},
		{"text", []byte("#!/bin/sh\necho hello\n"), "does not begin like a WebAssembly module"},
		{"cut off", noop()[:60], "not valid WebAssembly"},
		{"no abi", plain().without("pelton_abi").bytes(), `does not export the function "pelton_abi"; build it with a Pelton SDK (for Go: github.com/peltonhq/pelton/sdk/go)`},
		{"neither handle nor reduce", plain().without("pelton_handle").bytes(), `does not export the function "pelton_handle"`},
		{"signature", plain().with(function{"pelton_window", 2, true, i32c(place)}).bytes(), `"pelton_window" is (i32, i32) -> i32, want (i32) -> i32`},
		{"no memory", nowhere.bytes(), `does not export its memory as "memory"`},
		{"foreign import", foreign.bytes(), "imports env.system; a plugin is given only"},
		{"unknown import", missing.bytes(), "imports pelton.teleport, which version 1 of the ABI does not have"},
		{"import's signature", shapely.bytes(), "the import pelton.emit is (i32) -> i32, want (" + strings.Repeat("i32, ", 7) + "i32) -> i32"},
		{"version", plain().with(function{"pelton_abi", 0, true, i32c(2)}).bytes(), "built for version 2 of the ABI, this program has version 1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := r.Load(t.Context(), row.bytes)
			if !errors.Is(err, wasm.ErrABI) || !strings.Contains(err.Error(), row.words) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, row.words)
			}
		})
	}
}

func TestLoadOfAModuleThatTrapsAtItsStart(t *testing.T) {
	_, err := engine(t).Load(t.Context(), plain().with(function{"_initialize", 0, false, []byte{opUnreachable}}).bytes())
	if err == nil || err.Error() != "the module does not start: unreachable" {
		t.Errorf("got %v", err)
	}
}

func TestDamagedCacheIsNotMissed(t *testing.T) {
	dir := t.TempDir()
	load := func() {
		r, err := wasm.New(t.Context(), wasm.Options{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.Load(t.Context(), noop())
		if err != nil {
			t.Fatal(err)
		}
		n, err := m.Start(t.Context(), patient())
		if err != nil {
			t.Fatal(err)
		}
		turn := batch(actor.DefaultOutput, "x")
		if err := n.Handle(t.Context(), turn); err != nil || turn.Outcomes[0].Verdict != pelton.Ack() {
			t.Errorf("got %s, %v", turn.Outcomes[0].Verdict, err)
		}
		if err := errors.Join(n.Close(t.Context()), m.Close(t.Context()), r.Close(t.Context())); err != nil {
			t.Error(err)
		}
	}
	load()
	damaged := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		damaged++
		return os.WriteFile(path, []byte("something else"), 0o644)
	})
	if err != nil || damaged == 0 {
		t.Fatalf("%d files of the cache were damaged: %v", damaged, err)
	}
	load()
}

func TestStartRefuses(t *testing.T) {
	big := plain()
	big.pages = 100
	rows := []struct {
		name  string
		forge forge
		words string
	}{
		{"more memory than allowed", big, "limits.memory of 4MiB is too small: the module alone needs 6400KiB; raise limits.memory"},
		{"init failed", plain().with(function{"pelton_init", 2, true, i32c(-1)}), "the plugin refused to start: it gave no reason"},
		{"init of a kind it is not", plain().with(function{"pelton_init", 2, true, i32c(2)}), "pelton_init answered 2, want 1 with pelton_handle or 2 with pelton_reduce"},
		{"window outside", plain().with(function{"pelton_window", 1, true, i32c(1 << 30)}), "pelton_window(262144) answered 0x40000000, which is no window in the module's memory"},
		{"window at an odd place", plain().with(function{"pelton_window", 1, true, i32c(place + 1)}), "which is no window"},
		{"trap", plain().with(function{"pelton_init", 2, true, []byte{opUnreachable}}), "the plugin's init failed: unreachable"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := load(t, row.forge.bytes()).Start(t.Context(), actor.Env{Limits: actor.Limits{Memory: 4 << 20}})
			if err == nil || !strings.Contains(err.Error(), row.words) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, row.words)
			}
		})
	}
}

func TestWordsOfAFailedInit(t *testing.T) {
	m := load(t, guest(t, "testdata/suite"))
	for config, words := range map[string]string{
		`{"fail":"no such airport"}`: "the plugin refused to start: no such airport",
		`{"fial":"x"}`:               `the plugin refused to start: config: json: unknown field "fial"`,
	} {
		if _, err := m.Start(t.Context(), actor.Env{Config: []byte(config)}); err == nil || err.Error() != words {
			t.Errorf("%s: got %v, want %s", config, err, words)
		}
	}
}

// offset is code that adds the constant to the first parameter: the address of a part of the first descriptor.
func offset(of int32) []byte { return join([]byte{opLocalGet, 0}, i32c(of), []byte{opI32Add}) }

// copyOver is a function that copies the bytes at one pair {offset, length} of the first descriptor over another part
// of it: the tests' way to make a guest answer anything.
func copyOver(export string, from byte, to, size int32) function {
	return function{export, 2, true, join(
		offset(to),
		i32c(place), []byte{opLocalGet, 0, 0x28, 2, from, opI32Add}, // i32.load
		i32c(size), []byte{0xfc, 0x0a, 0, 0}, // memory.copy
		i32c(0),
	)}
}

func TestStatusOfHandle(t *testing.T) {
	n := start(t, load(t, plain().with(function{"pelton_handle", 2, true, i32c(7)}).bytes()), patient())
	f := fault(t, n.Handle(t.Context(), batch(actor.DefaultOutput, "x")))
	if f.Kind != actor.FaultMalformed || f.Err.Error() != "pelton_handle answered 7, want 0" {
		t.Errorf("got %v", f)
	}
}

func TestGuestThatIgnoresKeyOrder(t *testing.T) {
	n := start(t, load(t, plain().with(copyOver("pelton_handle", 0, 64, 112)).bytes()), patient())
	answer := make([]byte, 112)
	answer[0], answer[88] = byte(pelton.DecisionRetry), byte(pelton.DecisionAck)
	turn := batch(actor.DefaultOutput, string(answer), "x")
	turn.Deliveries[1].After = 0
	f := fault(t, n.Handle(t.Context(), turn))
	if f.Kind != actor.FaultMalformed || !strings.Contains(f.Err.Error(), "predecessor of the same key") {
		t.Errorf("got %v", f)
	}
}

// An answer is taken as it is documented or refused; it never harms the host.
func FuzzVerdict(f *testing.F) {
	n := start(f, load(f, plain().with(copyOver("pelton_handle", 0, 64, 24)).bytes()), patient())
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x05\x00\x00\x00"))
	f.Add([]byte("\x03\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x05\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if len(answer) != 24 {
			t.Skip("not an answer")
		}
		turn := batch(actor.DefaultOutput, string(answer))
		err := n.Handle(t.Context(), turn)
		v := turn.Outcomes[0].Verdict
		if err == nil {
			if v.Decision < pelton.DecisionAck || v.Decision > pelton.DecisionAwait || // without a request the actor refuses an await
				v.After < 0 || answer[4] > 1 {
				t.Errorf("%x was taken as %s", answer, v)
			}
			return
		}
		if f := fault(t, err); f.Kind != actor.FaultMalformed || f.Broken {
			t.Errorf("%x: got %v", answer, f)
		}
	})
}

func FuzzFold(f *testing.F) {
	reducer := plain().without("pelton_handle").with(function{"pelton_init", 2, true, i32c(2)}).with(copyOver("pelton_reduce", 16, 24, 24))
	n := start(f, load(f, reducer.bytes()), patient())
	f.Add([]byte("\x01\x00\x00\x00\x00\x04\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x02\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if len(answer) != 24 {
			t.Skip("not an answer")
		}
		calls := []actor.Call{{Key: []byte("k"), Emit: answer}}
		if err := n.Reduce(t.Context(), calls); err != nil {
			if f := fault(t, err); f.Broken || f.Kind != actor.FaultMalformed && f.Kind != actor.FaultOutput {
				t.Errorf("%x: got %v", answer, f)
			}
			return
		}
		if (calls[0].Next == nil) == (calls[0].Err == nil) {
			t.Errorf("%x: got next %q and error %v", answer, calls[0].Next, calls[0].Err)
		}
	})
}
