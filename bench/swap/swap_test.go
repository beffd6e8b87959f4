package swap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/guest"
	"github.com/peltonhq/pelton/bench/measure"
)

func options(t *testing.T, out *strings.Builder) *measure.Options {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return &measure.Options{Out: out, Log: t.Output(), Dir: filepath.Join(dir, "pelton-bench"), Tree: "../..", Quick: true}
}

// The table has a row of each language; the first that is here is swapped under load, and no message is lost.
func TestRun(t *testing.T) {
	var out strings.Builder
	o := options(t, &out)
	guests, err := guest.All(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	here := guests[slices.IndexFunc(guests, func(g guest.Guest) bool { return g.Absent == "" })]
	if err := run(t.Context(), o, []guest.Guest{here, {Language: "Cobol", Absent: "absent"}}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"| " + here.Language + " | ", "| Cobol | absent |", "| from one version to the next | 20 |", "| from turn to turn, no swap | "} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no %q in\n%s", row, out.String())
		}
	}
}

// A version that does not start fails the run, and the flow goes on without loss.
func TestBroken(t *testing.T) {
	o := options(t, new(strings.Builder))
	guests, err := guest.All(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	a, err := read(guests[len(guests)-1])
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := wasm.New(t.Context(), wasm.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	f, err := start(t.Context(), runtime, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.swap(t.Context(), a.bytes[:len(a.bytes)-5]); err == nil {
		t.Error("half a module was swapped in")
	}
	if _, err := f.swap(t.Context(), a.unseen()); err != nil {
		t.Error(err)
	}
	if err := f.end(); err != nil {
		t.Error(err)
	}
	if err := runtime.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
