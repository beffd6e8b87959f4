package loop_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
)

// BenchmarkFanOut carries messages of 1 KiB from a lane in memory through decoder, ring, loop and actors to the last ack.
// One operation is one message; ns/delivery is per plugin that gets it.
func BenchmarkFanOut(b *testing.B) {
	for _, plugins := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("plugins=%d", plugins), func(b *testing.B) {
			var left atomic.Int64
			left.Store(int64(b.N) * int64(plugins))
			done := make(chan struct{})
			var handlers []handler
			for range plugins {
				handlers = append(handlers, func(*native.Message, *native.Out) pelton.Verdict {
					if left.Add(-1) == 0 {
						close(done)
					}
					return pelton.Ack()
				})
			}
			w := newWorld(b, b.N, handlers...)
			payload := strings.Repeat("x", 1<<10)
			keys := []string{"ORD", "ATL", "DFW", "LAX", "DEN", "PHX", "IAH"}
			w.lane.make = func(i int) (string, string) { return keys[i%len(keys)], payload }
			w.lane.scratch = make([]byte, 0, 2<<10)
			w.arena.Size = 16 << 20
			b.ReportAllocs()
			b.SetBytes(1 << 10)
			b.ResetTimer()
			w.start()
			<-done
			b.StopTimer()
			if err := w.loop.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
			w.dismantle()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*plugins), "ns/delivery")
		})
	}
}
