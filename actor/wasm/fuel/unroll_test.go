package fuel_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/peltonhq/pelton/actor/wasm/fuel"
)

const (
	br, opIf, opElse                      = 0x0c, 0x04, 0x05
	localSet, i32Add, i32Mul, i32And, gtU = 0x21, 0x6a, 0x6c, 0x71, 0x4b
	limit, x, rounds                      = 0, 1, 2 // locals of a knot
)

// knot is a function (i32) -> (i32) with a loop that goes around, and out to any of three places, by chance. It ends after so many
// rounds as its parameter says; what it gives tells which way it went.
func knot(r *rand.Rand) []byte {
	mix := func() []byte { // x = x * 31 + n
		return []byte{localGet, x, i32Const, 31, i32Mul, i32Const, byte(r.IntN(64)), i32Add, localSet, x}
	}
	coin := func() []byte { return []byte{localGet, x, i32Const, 1 << r.IntN(6), i32And} }
	var code func(depth, size int) []byte
	code = func(depth, size int) []byte {
		var b []byte
		for range size {
			switch r.IntN(7) {
			case 0, 1:
				b = append(b, mix()...)
			case 2:
				b = slices.Concat(b, coin(), []byte{brIf, byte(r.IntN(depth + 4))})
			case 3:
				b = slices.Concat(b, []byte{block, void}, code(depth+1, 1), []byte{end})
			case 4:
				b = slices.Concat(b, coin(), []byte{opIf, void}, code(depth+1, 1), []byte{opElse}, mix(), []byte{end})
			case 5:
				b = slices.Concat(b, coin(), []byte{opIf, void}, mix(), []byte{br, byte(depth + 1 + r.IntN(4)), end})
			case 6:
				b = slices.Concat(b, coin(), []byte{brIf, byte(depth)}) // around
			}
		}
		return b
	}
	counted := []byte{localGet, rounds, i32Const, 1, i32Add, localTee, rounds, localGet, limit, gtU, brIf, 1}
	inner := slices.Concat([]byte{loop, void}, counted, code(0, r.IntN(5)), mix(), coin(), []byte{brIf, 0}, mix(), []byte{end})
	out := []byte{block, void, block, void, block, void}
	out = append(out, inner...)
	for range 3 {
		out = slices.Concat(out, mix(), []byte{end})
	}
	return append(out, localGet, x, localGet, rounds, i32Add, end)
}

// A loop that is written several times over does what it did, wherever it is left and whenever it asks.
func TestUnrolledLoops(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	ctx := context.Background()
	engine := wazero.NewRuntime(ctx)
	defer engine.Close(ctx)
	asked := 0
	ask := func() int32 { asked++; return int32(asked % 40) }
	if _, err := engine.NewHostModuleBuilder("fuel").NewFunctionBuilder().WithFunc(ask).Export("ask").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	run := func(module []byte) api.Function {
		m, err := engine.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithName(""))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close(ctx) })
		return m.ExportedFunction("f")
	}
	unrolled := 0
	for n := range 300 {
		code := sized(append([]byte{1, 2, i32}, knot(r)...))
		f := forged{1: vec([]byte{0x60, 1, i32, 1, i32}), 3: []byte{1, 0}, 7: vec(append(name("f"), 0, 0)), 10: vec(code)}
		module := f.bytes()
		metered, err := fuel.Rewrite(module, options)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(metered, []byte{loop, void}) == 2 {
			unrolled++
		}
		before, after := run(module), run(metered)
		for rounds := range uint64(25) {
			want, err := before.Call(ctx, rounds)
			got, err2 := after.Call(ctx, rounds)
			if err != nil || err2 != nil || got[0] != want[0] {
				t.Fatalf("loop %d, %d rounds: got %v, %v, want %v, %v; its code is %x", n, rounds, got, err2, want, err, code)
			}
		}
	}
	if unrolled < 100 || asked == 0 {
		t.Errorf("%d loops were unrolled, %d questions asked", unrolled, asked)
	}
}

// A module of nothing but short loops grows within a bound, and they still ask.
func TestUnrolledGrowth(t *testing.T) {
	module := one(bytes.Repeat(around(), 1<<20/len(around()))...).bytes()
	metered, err := fuel.Rewrite(module, options)
	if err != nil || !compiles(t, metered) {
		t.Fatal(err)
	}
	if most := 4 * len(module); len(metered) > most {
		t.Errorf("a module of %d bytes became %d", len(module), len(metered))
	}
}
