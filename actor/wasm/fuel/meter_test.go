package fuel_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/peltonhq/pelton/actor/wasm/fuel"
)

// spent is what f(arg) costs beside its first charge, which finds no fuel and asks: the least that suffices.
func spent(t *testing.T, module []byte, arg uint64) int {
	t.Helper()
	ctx := context.Background()
	metered, err := fuel.Rewrite(module, options)
	if err != nil {
		t.Fatal(err)
	}
	engine := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig())
	defer engine.Close(ctx)
	given, asked := 0, 0
	_, err = engine.NewHostModuleBuilder("fuel").
		NewFunctionBuilder().WithFunc(func() int32 { asked++; return int32(given) }).Export("ask").
		NewFunctionBuilder().WithFunc(func() {}).Export("free").Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := engine.CompileModule(ctx, metered)
	if err != nil {
		t.Fatal(err)
	}
	return sort.Search(1<<20, func(n int) bool {
		m, err := engine.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close(ctx)
		given, asked = n, 0
		if _, err = m.ExportedFunction("f").Call(ctx, arg); err != nil {
			t.Fatal(err)
		}
		return asked <= 1
	})
}

func TestCost(t *testing.T) {
	i32c := func(v ...byte) []byte { return append([]byte{i32Const}, v...) }
	million := i32c(0x80, 0x80, 0xc0, 0x00) // 1 << 20
	long := bytes.Repeat([]byte{nop}, 2000)
	rows := []struct {
		name string
		code []byte
		arg  uint64
		cost int
	}{
		{"nothing", nil, 1, 0},
		{"a leaf", bytes.Repeat([]byte{nop}, 31), 1, 0},
		{"a loop, once around", around(), 1, 0},
		{"ten times around 7 instructions, four for one", around(), 10, 2 * 6},
		{"ten times around 37 instructions, two for one", around(long[:30]...), 10, 4 * 36},
		{"ten times around a longer loop", around(long[:60]...), 10, 9 * 64},
		{"a loop of 2,000 instructions", around(long...), 10, 9*64 + 10*64},
		{"a call of a leaf", []byte{call, 2}, 1, 0},
		{"calls of leaves", bytes.Repeat([]byte{call, 2}, 70), 1, 2 * 64},
		{"a call of the host", []byte{call, 0}, 1, 500},
		{"itself", []byte{localGet, 0, 0x04, void, localGet, 0, i32Const, 1, i32Sub, call, 1, end}, 10, 10 * 8},
		{"memory.fill", slices.Concat(i32c(0), i32c(0), million, []byte{0xfc, 11, 0}), 1, 0},
		{"memory.fill twice", slices.Concat(i32c(0), i32c(0), million, []byte{0xfc, 11, 0}, i32c(0), i32c(0), million, []byte{0xfc, 11, 0}), 1, 1 << 16},
		{"memory.copy", slices.Concat([]byte{call, 2}, i32c(0), i32c(0), million, []byte{0xfc, 10, 0, 0}), 1, 1 << 16},
		{"memory.grow", append([]byte{call, 2}, i32Const, 1, 0x40, 0, drop), 1, 1000},
		{"table.fill", []byte{call, 2, i32Const, 0, 0xd0, 0x70, i32Const, 8, 0xfc, 17, 0}, 1, 4},
		{"table.grow", slices.Concat([]byte{call, 2, 0xd0, 0x70}, million, []byte{0xfc, 15, 0, drop}), 1, 1 << 19},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := spent(t, one(row.code...).bytes(), row.arg); got != row.cost {
				t.Errorf("it costs %d, want %d", got, row.cost)
			}
		})
	}
}

// A module may have none of the sections to which something is added, and a start function asks like any other.
func TestBareModules(t *testing.T) {
	if got, err := fuel.Rewrite(forged{}.bytes(), options); err != nil || !compiles(t, got) {
		t.Errorf("a module of nothing: %x, %v", got, err)
	}
	ctx := context.Background()
	engine := wazero.NewRuntime(ctx)
	defer engine.Close(ctx)
	stop := func() int32 { panic(errors.New("asked")) }
	if _, err := engine.NewHostModuleBuilder("fuel").NewFunctionBuilder().WithFunc(stop).Export("ask").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	f := forged{1: vec([]byte{0x60, 0, 0}), 3: []byte{1, 0}, 8: []byte{0}, 10: vec(body(loop, void, 0x0c, 0, end))}
	metered, err := fuel.Rewrite(f.bytes(), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = engine.Instantiate(ctx, metered); err == nil || !strings.HasPrefix(err.Error(), "start function[1] failed: asked") {
		t.Errorf("the start function was not stopped: %v", err)
	}
}

func compiles(t testing.TB, module []byte) bool {
	t.Helper()
	ctx := context.Background()
	engine := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features))
	defer engine.Close(ctx)
	_, err := engine.CompileModule(ctx, module)
	return err == nil
}

// What would reach the fuel or the import, or is not known, is refused, and the error says where.
func TestRefused(t *testing.T) {
	with := func(section int, b ...byte) []byte {
		f := one()
		f[section] = b
		return f.bytes()
	}
	code := func(b ...byte) []byte { return one(b...).bytes() }
	rows := []struct {
		name   string
		module []byte
		kind   error
		words  string
	}{
		{"no module", []byte("\x00asm\x02\x00\x00\x00"), fuel.ErrMalformed, "does not begin like"},
		{"reads the fuel", code(0x23, 0, drop), fuel.ErrMalformed, "section code at 0x3f: function 1: malformed: global 0 of 0"},
		{"writes the fuel", code(i32Const, 1, 0x24, 0), fuel.ErrMalformed, "global 0 of 0"},
		{"exports the fuel", with(7, append([]byte{1}, append(name("x"), 3, 0)...)...), fuel.ErrMalformed, "section export at 0x38: malformed: global 0 of 0"},
		{"an offset by the fuel", with(11, 1, 0, 0x23, 0, end, 0), fuel.ErrMalformed, "section data"},
		{"calls behind its functions", code(call, 3), fuel.ErrMalformed, "function 3 of 3"},
		{"the local for lengths", code(localGet, 1, drop), fuel.ErrMalformed, "local 1 of 1"},
		{"the type that is added", code(block, 2, end), fuel.ErrMalformed, "type 2 of 2"},
		{"imports the question", with(2, vec(slices.Concat(name("fuel"), name("ask"), []byte{0, 1}))...), fuel.ErrUnsupported, "fuel.ask, which is the host's"},
		{"an unknown opcode", code(0xff), fuel.ErrUnsupported, "opcode 0xff (an instruction that is not known)"},
		{"an unknown vector", code(0xfd, 0x9a, 0x01), fuel.ErrUnsupported, "opcode 0xfd"},
		{"relaxed vectors", code(0xfd, 0x80, 0x02), fuel.ErrUnsupported, "vector instruction 0x100"},
		{"a vector that decoders differ about", code(0xfd, 0x8c, 0x00), fuel.ErrUnsupported, "vector instruction"},
		{"exceptions", code(0x06, void), fuel.ErrUnsupported, "exceptions"},
		{"threads", code(0xfe, 0x03, 0), fuel.ErrUnsupported, "threads"},
		{"garbage collection", code(0xfb, 0), fuel.ErrUnsupported, "garbage collection"},
		{"call_ref", code(0x14, 0), fuel.ErrUnsupported, "typed function references"},
		{"shared memory", with(5, 1, 3, 1, 1), fuel.ErrUnsupported, "shared memory"},
		{"64-bit memory", with(5, 1, 4, 1), fuel.ErrUnsupported, "64-bit memory"},
		{"two memories", code(i32Const, 0, 0x28, 0x42, 0, 0, drop), fuel.ErrUnsupported, "more than one memory"},
		{"a tag section", append(forged{}.bytes(), 13, 0), fuel.ErrUnsupported, "section tag"},
		{"an unknown section", append(forged{}.bytes(), 14, 0), fuel.ErrUnsupported, "section unknown"},
		{"a section twice", append(one().bytes(), 1, 1, 0), fuel.ErrMalformed, "there twice"},
		{"a section without end", append(forged{}.bytes(), 1, 0x80), fuel.ErrMalformed, "ends too early"},
		{"bytes left over", with(8, 1, 0), fuel.ErrMalformed, "1 bytes are left over"},
		{"a body without end", with(10, append([]byte{2}, append(sized([]byte{0, nop}), body()...)...)...), fuel.ErrMalformed, "ends too early"},
		{"bytes behind the end", code(end, nop), fuel.ErrMalformed, "behind the end"},
		{"a body too few", with(10, vec(body())...), fuel.ErrMalformed, "1 bodies of 2 functions"},
		{"no bodies", func() []byte { f := one(); f[10] = nil; return f.bytes() }(), fuel.ErrMalformed, "2 functions have no body"},
		{"a number without end", code(i32Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0), fuel.ErrMalformed, "longer than 32 bits"},
		{"locals without end", with(10, append([]byte{2}, append(sized([]byte{1, 0xd1, 0x86, 3, i32, end}), body()...)...)...), fuel.ErrUnsupported, "50002 locals"},
		{"locals of all functions", func() []byte {
			f := one()
			f[3] = append(number32(400), make([]byte, 400)...)
			f[10] = append(number32(400), bytes.Repeat(sized([]byte{1, 0xc0, 0xb8, 2, i32, end}), 400)...) // 40,000 each
			return f.bytes()
		}(), nil, ""},
		{"too many locals of all functions", func() []byte {
			f := one()
			f[3] = append(number32(500), make([]byte, 500)...)
			f[10] = append(number32(500), bytes.Repeat(sized([]byte{1, 0xc0, 0xb8, 2, i32, end}), 500)...)
			return f.bytes()
		}(), fuel.ErrUnsupported, "more than 16777216 in all functions together"},
		{"a list without end", with(3, 0xff, 0xff, 0xff, 0xff, 0x0f), fuel.ErrMalformed, "longer than what it is in"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := fuel.Rewrite(row.module, options)
			if row.kind == nil && err == nil {
				return // just within the bounds
			}
			if got != nil || !errors.Is(err, row.kind) || !strings.Contains(err.Error(), row.words) {
				t.Errorf("got %v, want %q", err, row.words)
			}
		})
	}
}

// Names of functions move with them, other custom sections go.
func TestNames(t *testing.T) {
	functions := vec(append([]byte{0}, name("host")...), append([]byte{1}, name("mine")...))
	locals := vec(append([]byte{1}, vec(append([]byte{0}, name("rounds")...))...))
	names := slices.Concat(name("name"), []byte{0}, sized(name("module")), []byte{1}, sized(functions), []byte{2}, sized(locals), []byte{7}, sized(vec()))
	module := one().bytes(append(name(".debug_info"), 1, 2, 3), names)
	metered, err := fuel.Rewrite(module, options)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(metered, []byte(".debug")) {
		t.Error("a section for debuggers is still there")
	}
	ctx := context.Background()
	engine := wazero.NewRuntime(ctx)
	defer engine.Close(ctx)
	compiled, err := engine.CompileModule(ctx, metered)
	if err != nil {
		t.Fatal(err)
	}
	f := compiled.ExportedFunctions()["f"]
	if compiled.Name() != "module" || f.Name() != "mine" || f.Index() != 2 || f.ParamNames()[0] != "rounds" {
		t.Errorf("module %s, function %s at %d, parameters %v", compiled.Name(), f.Name(), f.Index(), f.ParamNames())
	}
	for size := range names {
		broken, err := fuel.Rewrite(one().bytes(names[:size]), options)
		if size >= len(name("name")) && (err != nil || !compiles(t, broken)) {
			t.Errorf("%d bytes of names: %v", size, err)
		}
	}
}

// Tables have no more elements together than is allowed.
func TestTables(t *testing.T) {
	limits := func(tables ...[]byte) ([]byte, error) {
		f := one()
		f[4] = vec(tables...)
		return fuel.Rewrite(f.bytes(), fuel.Options{Module: "fuel", Name: "ask", Elements: 100})
	}
	rows := []struct {
		tables [][]byte
		most   []byte // of each table
	}{
		{[][]byte{{0x70, 0, 10}}, []byte{100}},
		{[][]byte{{0x70, 1, 10, 20}}, []byte{20}},
		{[][]byte{{0x70, 1, 10, 120}}, []byte{100}},
		{[][]byte{{0x70, 0, 10}, {0x70, 0, 30}}, []byte{40, 60}},
		{[][]byte{{0x70, 0, 0}, {0x70, 1, 30, 31}}, []byte{35, 31}},
	}
	for _, row := range rows {
		got, err := limits(row.tables...)
		if err != nil {
			t.Fatal(err)
		}
		var want [][]byte
		for i, table := range row.tables {
			want = append(want, []byte{0x70, 1, table[2], row.most[i]})
		}
		if !bytes.Contains(got, append([]byte{4}, sized(vec(want...))...)) {
			t.Errorf("%x became %x", row.tables, got)
		}
	}
	if _, err := limits([]byte{0x70, 0, 101}); !errors.Is(err, fuel.ErrUnsupported) || !strings.Contains(err.Error(), "1 tables of 101 elements, more than 100 in all") {
		t.Errorf("got %v", err)
	}
	if _, err := limits(slices.Repeat([][]byte{{0x70, 0, 0}}, 101)...); !errors.Is(err, fuel.ErrUnsupported) {
		t.Errorf("101 tables of nothing: %v", err)
	}
}
