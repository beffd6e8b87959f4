package wasm_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
)

// flights is a turn of n messages as the flights example decodes them.
func flights(n int) *actor.Turn {
	lane := &pelton.LaneID{Source: "flights", Incarnation: "i", Lane: "l"}
	payload := []byte(`{"date":"2001/01/01 00:47","delay":66,"distance":1750,"origin":"DTW","destination":"LAS"}`)
	at := strings.Index(string(payload), "66")
	t := &actor.Turn{}
	for range n {
		meta := &pelton.Meta{Lane: lane, Attempt: 1}
		fields := []pelton.Field{{Offset: uint32(at), Length: 2, Kind: pelton.KindNumber}}
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: pelton.Borrow(payload, []byte("DTW"), meta, fields, []string{"delay"}), After: -1})
	}
	t.Begin(actor.DefaultOutput)
	return t
}

func turns(b *testing.B, n actor.Instance, t *actor.Turn) {
	b.ReportAllocs()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t.Brief = true // as a loop offers it
	start := wasm.Processor()
	for b.Loop() {
		t.Begin(actor.DefaultOutput)
		if err := n.Handle(context.Background(), t); err != nil {
			b.Fatal(err)
		}
	}
	messages := float64(b.N) * float64(len(t.Deliveries))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/messages, "ns/msg")
	b.ReportMetric(float64((wasm.Processor()-start).Nanoseconds())/messages, "cpu-ns/msg") // a busy machine does not count
}

func BenchmarkNoop(b *testing.B) {
	n := start(b, load(b, noop()), patient())
	b.Run("1", func(b *testing.B) { turns(b, n, flights(1)) })
	b.Run("64", func(b *testing.B) { turns(b, n, flights(64)) })
	b.Run("64x1KiB", func(b *testing.B) {
		payloads := make([]string, 64)
		for i := range payloads {
			payloads[i] = strings.Repeat("x", 1024)
		}
		turns(b, n, batch(actor.DefaultOutput, payloads...))
	})
}

func BenchmarkDelays(b *testing.B) {
	n := start(b, load(b, guest(b, "../../examples/flights/plugins/delays")), patient())
	b.Run("1", func(b *testing.B) { turns(b, n, flights(1)) })
	b.Run("64", func(b *testing.B) { turns(b, n, flights(64)) })
}

func BenchmarkStart(b *testing.B) {
	m := load(b, guest(b, "../../examples/flights/plugins/delays"))
	for b.Loop() {
		n, err := m.Start(b.Context(), patient())
		if err != nil {
			b.Fatal(err)
		}
		if err = n.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	artifact := guest(b, "../../examples/flights/plugins/delays")
	run := func(b *testing.B, dir string) {
		for b.Loop() {
			r, err := wasm.New(b.Context(), wasm.Options{CacheDir: dir})
			if err != nil {
				b.Fatal(err)
			}
			if _, err = r.Load(b.Context(), artifact); err != nil {
				b.Fatal(err)
			}
			if err = r.Close(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("cold", func(b *testing.B) { run(b, "") })
	b.Run("cached", func(b *testing.B) { run(b, b.TempDir()) })
}

func BenchmarkAirports(b *testing.B) {
	n := start(b, load(b, guest(b, "../../examples/flights/plugins/airports")), patient())
	state := []byte(`{"airport":"ORD","flights":1094,"late":253,"mean_delay":7.417733089579525,"worst":259}`)
	run := func(b *testing.B, size int) {
		calls := make([]actor.Call, size)
		for i := range calls {
			calls[i] = actor.Call{Key: []byte("ORD"), State: state, Emit: []byte(`{"delay":66,"late":true}`)}
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := n.Reduce(context.Background(), calls); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/fold")
	}
	b.Run("1", func(b *testing.B) { run(b, 1) })
	b.Run("64", func(b *testing.B) { run(b, 64) })
}
