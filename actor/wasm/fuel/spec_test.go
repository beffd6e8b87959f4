package fuel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/peltonhq/pelton/actor/wasm/fuel"
)

const (
	features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst
	// foreign are those that wazero has as an experiment and the rewriter refuses.
	foreign = experimental.CoreFeaturesThreads | experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences
)

// mostPages keeps scripts that grow a memory to 4 GiB from doing so, before and after alike.
const mostPages = 2048

var options = fuel.Options{Module: "fuel", Name: "ask"}

// suites is where wazero keeps the test suite of the specification.
func suites(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest")
}

// command is one of a script of the suite.
type command struct {
	Type     string
	Line     int
	Name     string
	Filename string
	As       string
	Action   struct {
		Type, Field, Module string
		Args                []value
	}
	ModuleType string `json:"module_type"`
}

type value struct {
	Type     string
	LaneType string `json:"lane_type"`
	Value    any
}

// cells are the value as the engine takes it: two for a vector.
func (v value) cells() []uint64 {
	if lanes, ok := v.Value.([]any); ok {
		width := map[string]int{"i8": 8, "i16": 16, "i32": 32, "f32": 32, "i64": 64, "f64": 64}[v.LaneType]
		cells := []uint64{0, 0}
		for i, lane := range lanes {
			cells[i*width/64] |= number(lane.(string), width) << (i * width % 64)
		}
		return cells
	}
	text, _ := v.Value.(string)
	switch {
	case text == "" || text == "null":
		return []uint64{0}
	case v.Type == "externref":
		return []uint64{number(text, 64) + 1} // 0 is null
	case strings.HasSuffix(v.Type, "32"):
		return []uint64{number(text, 32)}
	default:
		return []uint64{number(text, 64)}
	}
}

func number(s string, bits int) uint64 {
	switch {
	case strings.HasPrefix(s, "nan") && bits == 32:
		return 0x7fc00000
	case strings.HasPrefix(s, "nan"):
		return 0x7ff8 << 48
	case strings.HasPrefix(s, "-"):
		v, _ := strconv.ParseInt(s, 10, 64)
		return uint64(v) & (math.MaxUint64 >> (64 - bits))
	default:
		v, _ := strconv.ParseUint(s, 10, 64)
		return v
	}
}

// world is an engine with the modules of a script, metered or not.
type world struct {
	engine  wazero.Runtime
	metered bool
	last    api.Module
	named   map[string]api.Module
	asked   int
}

func newWorld(t testing.TB, f api.CoreFeatures, metered bool) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{engine: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(f).WithMemoryLimitPages(mostPages)), metered: metered, named: map[string]api.Module{}}
	t.Cleanup(func() {
		if err := w.engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	ask := func() int32 {
		w.asked++
		return 100 // so that it is asked often
	}
	if _, err := w.engine.NewHostModuleBuilder("fuel").NewFunctionBuilder().WithFunc(ask).Export("ask").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	return w
}

// load makes an instance; words say what became of it.
func (w *world) load(module []byte, name string) (api.Module, string) {
	if w.metered {
		var err error
		if module, err = fuel.Rewrite(module, options); err != nil {
			return nil, "refused: " + err.Error()
		}
	}
	m, err := w.engine.InstantiateWithConfig(context.Background(), module, wazero.NewModuleConfig().WithName(name).WithStartFunctions())
	return m, outcome(err)
}

// outcome is the first line of an error; what an index is in it may be moved.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if _, trap, ok := strings.Cut(line, "wasm error: "); ok {
		return trap
	}
	return "refused"
}

// act runs an action of a script and tells its results.
func (w *world) act(c *command) string {
	m := w.last
	if c.Action.Module != "" {
		m = w.named[c.Action.Module]
	}
	if m == nil {
		return "no module"
	}
	if c.Action.Type == "get" {
		return fmt.Sprint(m.ExportedGlobal(c.Action.Field).Get())
	}
	f := m.ExportedFunction(c.Action.Field)
	var args []uint64
	for _, a := range c.Action.Args {
		args = append(args, a.cells()...)
	}
	results, err := f.Call(context.Background(), args...)
	if err != nil {
		return outcome(err)
	}
	cell := 0
	for _, t := range f.Definition().ResultTypes() {
		if t == 0x70 && results[cell] != 0 { // a function is an address of the host
			results[cell] = 1
		}
		if cell++; t == 0x7b {
			cell++
		}
	}
	return fmt.Sprintf("%x", results)
}

// script runs one, command by command in both worlds, and counts what was compared.
func script(t *testing.T, path string, f api.CoreFeatures) (compared, refused int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Commands []command }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	common, err := os.ReadFile(filepath.Join(dir, "..", "..", "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	worlds := [2]*world{newWorld(t, f, false), newWorld(t, f, true)}
	for _, w := range worlds {
		if _, words := w.load(common, "spectest"); words != "ok" {
			t.Fatal(words)
		}
	}
	for i := range all.Commands {
		c := &all.Commands[i]
		if c.Type == "register" || c.ModuleType == "text" {
			continue
		}
		var module []byte
		if c.Filename != "" {
			if module, err = os.ReadFile(filepath.Join(dir, c.Filename)); err != nil {
				t.Fatal(err)
			}
		}
		var as string
		if next := i + 1; next < len(all.Commands) && all.Commands[next].Type == "register" {
			as = all.Commands[next].As
		}
		got := [2]string{worlds[0].command(c, module, as), worlds[1].command(c, module, as)}
		compared++
		if c.Filename != "" && f&foreign != 0 && unsupported(module) {
			refused++
			worlds[0].last = nil // what follows has no counterpart
			continue
		}
		if before, after := got[0], got[1]; before != after && (!strings.HasPrefix(before, "refused") || !strings.HasPrefix(after, "refused")) {
			t.Errorf("%s:%d %s %s: before %s, after %s", filepath.Base(path), c.Line, c.Type, c.Action.Field, before, after)
		}
	}
	return compared, refused
}

func unsupported(module []byte) bool {
	_, err := fuel.Rewrite(module, options)
	return errors.Is(err, fuel.ErrUnsupported)
}

func (w *world) command(c *command, module []byte, as string) string {
	if module == nil {
		return w.act(c)
	}
	m, words := w.load(module, as)
	if c.Type == "module" {
		w.last = m
		if c.Name != "" {
			w.named[c.Name] = m
		}
	}
	return words
}

// Every command of the specification's test suite has the same result before and after.
func TestSpecification(t *testing.T) {
	total, dir := 0, suites(t)
	for _, suite := range []string{"v1", "v2", "extended-const", "tail-call"} {
		scripts, err := filepath.Glob(filepath.Join(dir, suite, "testdata", "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("%s: no scripts, %v", suite, err)
		}
		for _, path := range scripts {
			t.Run(suite+"/"+filepath.Base(path), func(t *testing.T) { // its engines go with it
				n, _ := script(t, path, features)
				total += n
			})
		}
	}
	t.Logf("%d commands gave the same before and after", total)
	if total < 50000 {
		t.Errorf("only %d commands were run", total)
	}
}

// Features that can't be metered are refused in so many words; what does not use them in the same suites works.
func TestForeignFeatures(t *testing.T) {
	dir := suites(t)
	for _, suite := range []string{"threads", "exception-handling", "typed-function-references"} {
		scripts, err := filepath.Glob(filepath.Join(dir, suite, "testdata", "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("%s: no scripts, %v", suite, err)
		}
		refused := 0
		for _, path := range scripts {
			t.Run(suite+"/"+filepath.Base(path), func(t *testing.T) {
				_, n := script(t, path, features|foreign)
				refused += n
			})
		}
		if refused == 0 {
			t.Errorf("%s: no module was refused", suite)
		}
		t.Logf("%s: %d modules were refused", suite, refused)
	}
}
