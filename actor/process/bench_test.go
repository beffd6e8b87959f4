package process_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/actor/process"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/sdk/build"
)

// acker is the command "ack" of the suite plugin, linked in.
type acker struct{}

func (acker) Init([]byte) ([]pelton.Output, error) { return nil, nil }

func (acker) Handle(*native.Message, *native.Out) pelton.Verdict { return pelton.Ack() }

// BenchmarkAck is what a call costs that only acks, in the three runtimes: one message, and a batch of 64. The
// guests are suite plugins of the kit, but for native. PELTON_TEST_SUITE runs the process of another language.
func BenchmarkAck(b *testing.B) {
	command := []string{"suite"}
	if given := os.Getenv(suiteVariable); given != "" {
		if err := json.Unmarshal([]byte(given), &command); err != nil {
			b.Fatal(err)
		}
	} else {
		command[0] = binary(b, "suite")
	}
	instances := map[string]func(b *testing.B) actor.Instance{
		"process": func(b *testing.B) actor.Instance { return start(b, load(b, command...), generous()) },
		"wasm":    func(b *testing.B) actor.Instance { return start(b, guest(b), generous()) },
		"native": func(b *testing.B) actor.Instance {
			return start(b, native.Module("acker", func() native.Plugin { return acker{} }), generous())
		},
	}
	for _, name := range []string{"process", "wasm", "native"} {
		b.Run(name, func(b *testing.B) {
			i := instances[name](b)
			b.Run("1", func(b *testing.B) { acks(b, i, 1) })
			b.Run("64", func(b *testing.B) { acks(b, i, 64) })
		})
	}
}

func generous() actor.Env {
	return actor.Env{Plugin: "bench", Log: func(string, string) {}, Limits: actor.Limits{Memory: 1 << 30, Time: int64(time.Minute)}}
}

func acks(b *testing.B, i actor.Instance, size int) {
	b.Helper()
	turn := new(actor.Turn)
	lane := &pelton.LaneID{Source: "bench", Incarnation: "i", Lane: "l"}
	for k := range size {
		view := pelton.Borrow([]byte("ack"), []byte("key"), &pelton.Meta{Lane: lane, Position: uint64(k), Attempt: 1}, nil, nil)
		turn.Deliveries = append(turn.Deliveries, actor.Delivery{View: view, After: -1})
	}
	b.ReportAllocs()
	for b.Loop() {
		turn.Begin(actor.DefaultOutput)
		if err := i.Handle(context.Background(), turn); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/msg")
}

// guest is the suite plugin as a WebAssembly module.
func guest(b *testing.B) actor.Module {
	b.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	a, err := build.Build(b.Context(), "../wasm/testdata/suite", build.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := wasm.New(b.Context(), wasm.Options{CacheDir: filepath.Join(base, "pelton", "wazero")})
	if err != nil {
		b.Fatal(err)
	}
	m, err := r.Load(b.Context(), a.Bytes)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := r.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return m
}

// BenchmarkStart is a process from its start to its first word and its end.
func BenchmarkStart(b *testing.B) {
	m, err := module(b, runtime(b), process.Config{Command: []string{binary(b, "suite")}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		i, err := m.Start(b.Context(), generous())
		if err != nil {
			b.Fatal(err)
		}
		if err := i.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	if err := m.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
