package fuel_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"golang.org/x/sys/unix"

	"github.com/peltonhq/pelton/actor/wasm/fuel"
)

// everyGuest, if it is set, has the benchmark build the guests in C and AssemblyScript too, by clang and npx.
const everyGuest = "PELTON_FUEL_GUESTS"

func build(b *testing.B, out string, env []string, name string, args ...string) []byte {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, text)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	return module
}

// workload is a guest with run(n).
type workload struct {
	name   string
	rounds uint64 // of the guest in a call
	module func(b *testing.B, out string) []byte
}

var workloads = []workload{
	{"no-op", 1, forgedRun(nil)},
	{"tightest loop", 20000, forgedRun(around())},
	{"byte scan", 20000, forgedRun(around(localGet, 0, 0x2d, 0, 0, localGet, 0, 0x46, 0x04, void, nop, end))},
	{"recursion", 25, forgedRun([]byte{ // fib, as it were
		localGet, 0, i32Const, 2, 0x4b, 0x04, void,
		localGet, 0, i32Const, 1, i32Sub, call, 1, localGet, 0, i32Const, 2, i32Sub, call, 1, end,
	})},
	{"JSON in Go", 20, func(b *testing.B, out string) []byte {
		return build(b, out, []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"}, "go", "build", "-buildmode=c-shared", "-o", out, "./testdata/json-go")
	}},
	{"JSON in C", 50, func(b *testing.B, out string) []byte {
		return build(b, out, nil, "clang", "--target=wasm32", "-O2", "-nostdlib", "-Wl,--no-entry", "-o", out, "testdata/json.c")
	}},
	{"JSON in AssemblyScript", 50, func(b *testing.B, out string) []byte {
		return build(b, out, nil, "npx", "--yes", "--package=assemblyscript@0.28", "asc", "testdata/json.ts", "-O3", "--runtime", "incremental", "--outFile", out)
	}},
}

func forgedRun(code []byte) func(*testing.B, string) []byte {
	return func(*testing.B, string) []byte {
		f := one(code...)
		f[7] = vec(append(name("run"), 0, 1))
		return f.bytes()
	}
}

// call gives a call of run in a fresh engine.
func (w *workload) call(b *testing.B, module []byte, config wazero.RuntimeConfig) func() {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	engine := wazero.NewRuntimeWithConfig(ctx, config)
	b.Cleanup(func() {
		cancel()
		engine.Close(context.Background())
	})
	wasi_snapshot_preview1.MustInstantiate(ctx, engine)
	fuels := engine.NewHostModuleBuilder("fuel")
	made, next := time.Now(), time.Hour
	ask := func(_ context.Context, stack []uint64) {
		if stack[0] = 100_000; time.Since(made) > next { // as the runtime does
			panic("late")
		}
	}
	fuels.NewFunctionBuilder().WithGoFunction(api.GoFunc(ask), nil, []api.ValueType{i32}).Export("ask")
	fuels.NewFunctionBuilder().WithFunc(func() {}).Export("free")
	env := engine.NewHostModuleBuilder("env").NewFunctionBuilder().WithFunc(func(int32, int32, int32, int32) { panic("abort") }).Export("abort")
	for _, host := range []wazero.HostModuleBuilder{fuels, env} {
		if _, err := host.Instantiate(ctx); err != nil {
			b.Fatal(err)
		}
	}
	m, err := engine.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		b.Fatal(err)
	}
	f, stack := m.ExportedFunction("run"), []uint64{0}
	return func() {
		stack[0] = w.rounds
		if err := f.CallWithStack(ctx, stack); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOverhead compares a guest without any limit, metered, and with the engine's own termination. The three take
// turns on one thread, and the least processor time of each counts, since the machine may be busy.
func BenchmarkOverhead(b *testing.B) {
	for _, w := range workloads {
		if (w.name == "JSON in C" || w.name == "JSON in AssemblyScript") && os.Getenv(everyGuest) == "" {
			continue
		}
		b.Run(w.name, func(b *testing.B) {
			module := w.module(b, filepath.Join(b.TempDir(), "guest.wasm"))
			metered, err := fuel.Rewrite(module, options)
			if err != nil {
				b.Fatal(err)
			}
			config := wazero.NewRuntimeConfig()
			calls := [3]func(){w.call(b, module, config), w.call(b, metered, config), w.call(b, module, config.WithCloseOnContextDone(true))}
			best := [3]time.Duration{time.Hour, time.Hour, time.Hour}
			for b.Loop() {
				for i, call := range calls {
					best[i] = min(best[i], fastest(b, call))
				}
			}
			free, fueled, engine := float64(best[0])/1000, float64(best[1])/1000, float64(best[2])/1000
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(free, "free-ns")
			b.ReportMetric(fueled, "fuel-ns")
			b.ReportMetric(engine, "engine-ns")
			b.ReportMetric(100*(fueled-free)/free, "fuel-%")
			b.ReportMetric(100*(engine-free)/free, "engine-%")
			b.ReportMetric(100*float64(len(metered)-len(module))/float64(len(module)), "size-%")
		})
	}
}

// fastest is the least processor time that a call took in some batches, which are short, since a busy machine
// interrupts long ones every time.
func fastest(b *testing.B, call func()) time.Duration {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := processor(b)
	call()
	batch := 1 + 300*time.Microsecond/(1+processor(b)-begin)
	best := time.Hour
	for range 20 {
		begin = processor(b)
		for range batch {
			call()
		}
		best = min(best, (processor(b)-begin)*1000/batch) // in picoseconds
	}
	return best
}

func processor(b *testing.B) time.Duration {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
