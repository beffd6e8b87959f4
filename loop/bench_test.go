//go:build unix

package loop_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/loop"
)

// jet is a lane of n messages that lie in memory: what reading costs is one copy into the arena.
type jet struct {
	lane

	payload []byte
	keys    [][]byte
	pace    func(i int) // before message i
	end     chan struct{}
	late    atomic.Bool // end is closed
	told    func(watermark uint64)
}

func (j *jet) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	for i := int(from / step); i < j.n; i++ {
		if j.pace != nil {
			j.pace(i)
		}
		r := decode.Record{Position: uint64(i * step), Next: uint64(i*step + step), Payload: j.payload, Key: j.keys[i%len(j.keys)]}
		if err := d.Message(ctx, r); err != nil {
			return err
		}
		if j.pace != nil {
			if err := d.Flush(ctx); err != nil {
				return err
			}
		}
	}
	return d.Flush(ctx)
}

func (j *jet) Settled(watermark uint64) {
	if j.told != nil {
		j.told(watermark)
	}
	if watermark == uint64(j.n*step) && j.late.CompareAndSwap(false, true) {
		close(j.end)
	}
}

// through carries n messages of a jet to plugins that ack, until the source is told that all did.
func through(b *testing.B, j *jet, plugins int) {
	b.Helper()
	var handlers []handler
	for range plugins {
		handlers = append(handlers, func(*native.Message, *native.Out) pelton.Verdict { return pelton.Ack() })
	}
	w := newWorld(b, j.n, handlers...)
	w.arena = arena.Options{Name: "s", Size: 16 << 20, MaxMessage: 64 << 10}
	j.lane, j.end = lane{id: w.lane.id, n: j.n}, make(chan struct{})
	for _, key := range []string{"ORD", "ATL", "DFW", "LAX", "DEN", "PHX", "IAH"} {
		j.keys = append(j.keys, []byte(key))
	}
	var err error
	if w.store, err = w.disk.Open(); err != nil {
		b.Fatal(err)
	}
	w.furnish()
	o := w.with(&j.lane, 0)
	o.Lane = j
	b.ReportAllocs()
	b.SetBytes(int64(len(j.payload)))
	b.ResetTimer()
	used := processor()
	if w.loop, err = loop.Start(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	<-j.end
	b.StopTimer()
	used = processor() - used
	turns := w.plugins[0].Stats().Turns
	w.close()
	b.ReportMetric(float64(j.n)/float64(turns), "deliveries/turn")
	deliveries := float64(j.n * plugins)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/deliveries, "ns/delivery")
	b.ReportMetric(float64(used.Nanoseconds())/deliveries, "cpu-ns/delivery")
}

// processor is the time that all threads of this process have used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFanOut carries messages from a lane in memory through decoder, ring, loop and actors to the last ack, and
// back to the source. One operation is one message; ns/delivery is per plugin that gets it.
func BenchmarkFanOut(b *testing.B) {
	for _, size := range []int{256, 1 << 10, 16 << 10} {
		for _, plugins := range []int{1, 4, 16} {
			b.Run(fmt.Sprintf("size=%d/plugins=%d", size, plugins), func(b *testing.B) {
				through(b, &jet{lane: lane{n: b.N}, payload: make([]byte, size)}, plugins)
			})
		}
	}
}

// BenchmarkLatency sends 20,000 messages of 1 KiB a second to four plugins and tells how long it takes from the source's
// hand-over to its being told that all have acked.
func BenchmarkLatency(b *testing.B) {
	var mu sync.Mutex
	sent := make([]time.Time, b.N)
	took := make([]time.Duration, 0, b.N)
	j := &jet{lane: lane{n: b.N}, payload: make([]byte, 1<<10)}
	var start time.Time
	j.pace = func(i int) {
		if i == 0 {
			start = time.Now()
		}
		for due := start.Add(time.Duration(i) * 50 * time.Microsecond); time.Until(due) > 0; {
			if time.Until(due) > 200*time.Microsecond {
				time.Sleep(100 * time.Microsecond)
			}
		}
		mu.Lock()
		sent[i] = time.Now()
		mu.Unlock()
	}
	j.told = func(watermark uint64) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		for len(took) < int(watermark/step) {
			took = append(took, now.Sub(sent[len(took)]))
		}
	}
	through(b, j, 4)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}
