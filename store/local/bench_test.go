package local

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/peltonhq/pelton/store"
)

const benchValue = 256 // bytes a record

func random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// BenchmarkAppend appends in batches, one after the other and 8 in flight.
func BenchmarkAppend(b *testing.B) {
	for _, mode := range []Sync{SyncAlways, SyncOff} {
		for _, size := range []int{1, 20, 1000} {
			for _, flight := range []int{1, 8, 64} {
				b.Run(fmt.Sprintf("sync=%s/batch=%d/flight=%d", mode, size, flight), func(b *testing.B) {
					benchAppend(b, mode, size, flight)
				})
			}
		}
	}
}

func benchAppend(b *testing.B, mode Sync, size, flight int) {
	s := open(b, Options{Dir: b.TempDir(), Sync: mode})
	defer s.Close()
	token := claim(b, s)
	noise := random(1 << 20)
	window := make(chan struct{}, flight)
	var answers sync.WaitGroup
	n := 0
	for b.Loop() {
		records := make([]store.Record, size)
		for i := range records {
			at := (n * 97) % (len(noise) - benchValue)
			records[i] = put(key("session", uint64(n)*2654435761%1_000_000, uint64(n)), noise[at:at+benchValue])
			n++
		}
		window <- struct{}{}
		answers.Add(1)
		s.AppendAsync(token, records, func(_ store.Pos, err error) {
			if err != nil {
				b.Error(err)
			}
			<-window
			answers.Done()
		})
	}
	answers.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
	st := s.Stats()
	b.ReportMetric(st.Group.Mean(), "records/fsync")
}

func filled(b *testing.B, n int) *Store {
	b.Helper()
	s := open(b, Options{Dir: b.TempDir(), Sync: SyncOff})
	token := claim(b, s)
	value := random(benchValue)
	for i := 0; i < n; i += 1000 {
		records := make([]store.Record, 1000)
		for j := range records {
			records[j] = put(key("n", uint64(i+j)), value)
		}
		if _, err := s.Append(b.Context(), token, records); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkRead(b *testing.B) {
	const n = 200_000
	s := filled(b, n)
	defer s.Close()
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Get(key("n", rand.Uint64N(n))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Get(key("n", rand.Uint64N(n), "no")); err == nil {
				b.Fatal("found")
			}
		}
	})
	b.Run("scan=1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got := 0
			for _, err := range s.Scan(key("n", rand.Uint64N(n-1000)), nil, store.ScanOptions{Limit: 1000}) {
				if err != nil {
					b.Fatal(err)
				}
				got++
			}
			if got != 1000 {
				b.Fatalf("%d entries", got)
			}
		}
	})
}
