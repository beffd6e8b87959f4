package session_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/local"
	"github.com/peltonhq/pelton/store/memory"
)

// counter is a completer that only counts.
type counter struct {
	left atomic.Int64
	done chan struct{}
	room chan struct{}
}

func (c *counter) Complete(uint64, error) {
	if c.left.Add(-1) == 0 {
		close(c.done)
	}
}

func (c *counter) Room() {
	select {
	case c.room <- struct{}{}:
	default:
	}
}

// pour offers n effects of 256 bytes over keys and waits until all are durable.
func pour(b *testing.B, s *session.Sessions, n, keys int) {
	b.Helper()
	c := &counter{done: make(chan struct{}), room: make(chan struct{}, 1)}
	c.left.Store(int64(n))
	payload := make([]byte, 256)
	id := pelton.MessageID{Lane: pelton.LaneID{Source: "flights", Incarnation: "i", Lane: "0"}, Path: "delays#0"}
	batch := make([]pelton.Effect, 0, 64)
	for i := 0; i < n; {
		batch = batch[:0]
		for ; i < n && len(batch) < 64; i++ {
			id.Position = uint64(i)
			batch = append(batch, pelton.Effect{ID: id.To(pelton.Target{Kind: pelton.TargetSession, Name: "s"}),
				Key: fmt.Appendf(nil, "key%d", i%keys), Payload: payload, Mark: store.Key(store.SpaceMark, "flights", uint64(i))})
		}
		for rest := batch; len(rest) > 0; {
			if rest = rest[s.Offer(rest, c):]; len(rest) > 0 {
				<-c.room
			}
		}
	}
	<-c.done
}

func BenchmarkAppend(b *testing.B) {
	for _, keys := range []int{1, 200, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			m := memory.New()
			defer m.Close()
			appendTo(b, m, keys)
		})
	}
}

func BenchmarkAppendLocal(b *testing.B) {
	for _, keys := range []int{1, 200, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			l, err := local.Open(local.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			appendTo(b, l, keys)
		})
	}
}

func appendTo(b *testing.B, st store.Store, keys int) {
	s := open(b, session.Options{Store: st})
	defer shut(b, s)
	b.ReportAllocs()
	b.ResetTimer()
	pour(b, s, b.N, keys)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "effects/s")
}

// One session to 1,000 followers; an operation is one snapshot delivered to all of them.
func BenchmarkFanOut(b *testing.B) {
	const followers = 1000
	m := memory.New()
	defer m.Close()
	s := open(b, session.Options{Store: m})
	defer shut(b, s)
	var wg sync.WaitGroup
	for range followers {
		f, err := s.Follow(b.Context(), session.FollowRequest{Key: "key0", From: session.Beginning})
		if err != nil {
			b.Fatal(err)
		}
		wg.Go(func() {
			defer f.Close()
			for n := 0; n < b.N; {
				events, err := f.Next(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				n += len(events)
			}
		})
	}
	b.ResetTimer()
	pour(b, s, b.N, 1)
	wg.Wait()
	b.ReportMetric(float64(b.N)*followers/b.Elapsed().Seconds(), "deliveries/s")
}
