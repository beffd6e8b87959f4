package sink_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
)

func rejected(err error) *sink.Rejected {
	var r *sink.Rejected
	errors.As(err, &r)
	return r
}

// bubble runs a test with a worker over p, which is closed at its end.
func bubble(t *testing.T, o sink.Options, run func(t *testing.T, w *sink.Worker, p *place)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &place{}
		o.Name, o.Sink = "test", p
		w := sink.Start(o)
		run(t, w, p)
		if err := w.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		if !p.closed {
			t.Error("the worker did not close its sink")
		}
		if n := w.Offer(effects(1, 1), &sender{}); n != 0 {
			t.Errorf("a closed worker took %d effects", n)
		}
	})
}

func TestOrder(t *testing.T) {
	bubble(t, sink.Options{Batch: 3}, func(t *testing.T, w *sink.Worker, p *place) {
		most := 0
		p.answer = func(_ int, e []pelton.Effect) error {
			most = max(most, len(e))
			return nil
		}
		var s sender
		if n := w.Offer(effects(1, 10), &s); n != 10 {
			t.Fatalf("took %d of 10", n)
		}
		w.Offer(effects(11, 20), &s)
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, lines(1, 20)) {
			t.Errorf("wrote %v", got)
		}
		if len(s.order) != 20 || !slices.IsSorted(s.order) || most != 3 {
			t.Errorf("completed %v in writes of up to %d; want 1 to 20 in writes of 3", s.order, most)
		}
		st := w.Stats()
		if st.Written != 20 || st.Bytes != 31 || st.Queued != 0 || st.QueuedBytes != 0 || st.Waiting || !st.Writing.IsZero() || st.LastError != nil {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestRetry: a transient failure is retried without end and in order, after pauses that grow up to MaxWait (E2).
func TestRetry(t *testing.T) {
	const failures = 40
	var waits []time.Duration
	o := sink.Options{MaxWait: 10 * time.Second, OnRetry: func(_ error, wait time.Duration) { waits = append(waits, wait) }}
	bubble(t, o, func(t *testing.T, w *sink.Worker, p *place) {
		boom := errors.New("boom")
		p.answer = func(call int, _ []pelton.Effect) error {
			if call < failures {
				return boom
			}
			return nil
		}
		var s sender
		began := time.Now()
		w.Offer(effects(1, 5), &s)
		synctest.Wait()
		w.Offer(effects(6, 9), &s) // held behind it
		st := w.Stats()
		if !st.Waiting || !errors.Is(st.LastError, boom) || !st.Since.Equal(began) || st.Queued != 9 || st.Retries != 1 {
			t.Errorf("while it fails: %+v", st)
		}
		time.Sleep(failures * 10 * time.Second) // the bubble's clock
		synctest.Wait()
		if got := p.got(); !slices.Equal(got, lines(1, 9)) || !slices.IsSorted(s.order) {
			t.Errorf("wrote %v", got)
		}
		st = w.Stats()
		if st.Waiting || !st.Since.IsZero() || st.Retries != failures || st.Written != 9 || !errors.Is(st.LastError, boom) {
			t.Errorf("afterwards: %+v", st)
		}
		if len(waits) != failures || waits[0] > 150*time.Millisecond || slices.Max(waits) > 10*time.Second || waits[failures-1] < 5*time.Second {
			t.Errorf("pauses %v", waits)
		}
		calls := p.calls
		p.answer = func(call int, _ []pelton.Effect) error {
			if call == calls {
				return boom
			}
			return nil
		}
		w.Offer(effects(10, 10), &s)
		synctest.Wait()
		if last := waits[len(waits)-1]; len(waits) != failures+1 || last > 150*time.Millisecond {
			t.Errorf("after a success the next pause is %v; want the first of the sequence", last)
		}
	})
}

// TestRejected: one effect is completed with its error, those around it are written.
func TestRejected(t *testing.T) {
	bubble(t, sink.Options{}, func(t *testing.T, w *sink.Worker, p *place) {
		tooLarge := errors.New("too large")
		p.answer = func(_ int, e []pelton.Effect) error {
			for i := range e {
				if e[i].Token%4 == 0 {
					return fmt.Errorf("place: %w", &sink.Rejected{Index: i, Err: tooLarge})
				}
			}
			return nil
		}
		var s sender
		w.Offer(effects(1, 10), &s)
		synctest.Wait()
		want := slices.DeleteFunc(lines(1, 10), func(l string) bool { return l == "4" || l == "8" })
		if got := p.got(); !slices.Equal(got, want) {
			t.Errorf("wrote %v; want %v", got, want)
		}
		for token := uint64(1); token <= 10; token++ {
			if err, told := s.errs[token]; !told || (err != nil) != (token%4 == 0) || token%4 == 0 && !errors.Is(err, tooLarge) {
				t.Errorf("effect %d: completed %v with %v", token, told, err)
			}
		}
		if st := w.Stats(); st.Rejected != 2 || st.Written != 8 || st.Retries != 0 || st.Queued != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestRejectedOutside: an index that is none of the write's is retried, with a text that says whose mistake it is.
func TestRejectedOutside(t *testing.T) {
	for _, index := range []int{-1, 2} {
		bubble(t, sink.Options{}, func(t *testing.T, w *sink.Worker, p *place) {
			p.answer = func(call int, _ []pelton.Effect) error {
				if call == 0 {
					return &sink.Rejected{Index: index, Err: errors.New("no")}
				}
				return nil
			}
			var s sender
			w.Offer(effects(1, 2), &s)
			time.Sleep(time.Second) // the bubble's clock
			synctest.Wait()
			st := w.Stats()
			if st.Written != 2 || st.Rejected != 0 || st.Retries != 1 || !strings.Contains(st.LastError.Error(), "mistake of the sink") {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

// TestRoom: Offer is bounded, and Room follows once each Offer that took fewer, never from inside it (A2).
func TestRoom(t *testing.T) {
	one := int64((&effects(1, 1)[0]).Size())
	bubble(t, sink.Options{Buffer: 4 * one, Batch: 1}, func(t *testing.T, w *sink.Worker, p *place) {
		gate := make(chan struct{})
		p.answer = func(int, []pelton.Effect) error {
			<-gate
			return nil
		}
		var a, b sender
		if n := w.Offer(effects(1, 9), &a); n != 4 {
			t.Errorf("took %d; want 4, what the buffer holds", n)
		}
		for range 2 { // told only once for both
			if n := w.Offer(effects(101, 102), &b); n != 0 {
				t.Errorf("a full worker took %d", n)
			}
		}
		synctest.Wait()
		if _, rooms := a.told(); rooms != 0 {
			t.Error("room while it is full")
		}
		st := w.Stats()
		if st.Queued != 4 || st.QueuedBytes > st.Buffer || st.Writing.IsZero() {
			t.Errorf("full: %+v", st)
		}
		gate <- struct{}{}
		synctest.Wait()
		_, ra := a.told()
		_, rb := b.told()
		if ra != 1 || rb != 1 {
			t.Errorf("one of four written: room %d and %d times; want once each", ra, rb)
		}
		if n := w.Offer(effects(5, 5), &a); n != 1 {
			t.Errorf("took %d after room", n)
		}
		close(gate)
		synctest.Wait()
		if completed, rooms := a.told(); completed != 5 || rooms != 1 {
			t.Errorf("completed %d, room %d times; want 5 and once", completed, rooms)
		}
		large := []pelton.Effect{{Token: 6, Payload: make([]byte, 10*one)}}
		if n := w.Offer(large, &a); n != 1 {
			t.Error("an effect larger than the buffer must pass when there is room")
		}
	})
}

// TestSeveralSenders: each one's order is kept, and senders that fill the queue do not keep each other out.
func TestSeveralSenders(t *testing.T) {
	const senders, each = 4, 500
	bubble(t, sink.Options{Buffer: 8 << 10, Batch: 7}, func(t *testing.T, w *sink.Worker, p *place) {
		var wg sync.WaitGroup
		told := make([]*sender, senders)
		for i := range senders {
			wake := make(chan struct{}, 1)
			told[i] = &sender{room: func() { wake <- struct{}{} }}
			wg.Go(func() {
				all := effects(uint64(i*each+1), uint64((i+1)*each))
				for len(all) > 0 {
					n := w.Offer(all, told[i])
					if all = all[n:]; len(all) > 0 {
						<-wake
					}
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		for i, s := range told {
			if len(s.order) != each || !slices.IsSorted(s.order) {
				t.Errorf("sender %d: %d completions, sorted %v", i, len(s.order), slices.IsSorted(s.order))
			}
		}
		if got := p.got(); len(got) != senders*each {
			t.Errorf("%d lines", len(got))
		}
	})
}

// TestCloseWaits: the write in progress ends with its completions, what is behind it is given up.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, p := make(chan struct{}), &place{last: errors.New("no flush")}
		p.answer = func(int, []pelton.Effect) error {
			<-gate
			return nil
		}
		w := sink.Start(sink.Options{Name: "test", Sink: p, Batch: 2})
		var s sender
		w.Offer(effects(1, 5), &s)
		synctest.Wait()
		closed := make(chan error, 2)
		for range 2 {
			go func() { closed <- w.Close(t.Context()) }()
		}
		synctest.Wait()
		if len(closed) != 0 {
			t.Fatal("Close did not wait for the write in progress")
		}
		gate <- struct{}{}
		for range 2 {
			if err := <-closed; !errors.Is(err, p.last) {
				t.Errorf("close: %v; want the sink's own error", err)
			}
		}
		if !slices.Equal(s.order, []uint64{1, 2}) || !p.closed {
			t.Errorf("completed %v; want the write in progress and nothing behind it", s.order)
		}
	})
}

// TestCloseInPause: a worker that waits for its next attempt ends at once.
func TestCloseInPause(t *testing.T) {
	bubble(t, sink.Options{}, func(t *testing.T, w *sink.Worker, p *place) {
		p.answer = func(int, []pelton.Effect) error { return errors.New("never") }
		var s sender
		w.Offer(effects(1, 5), &s)
		time.Sleep(time.Minute) // the bubble's clock
		if err := w.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		if completed, _ := s.told(); completed != 0 {
			t.Errorf("%d completions of a sink that never wrote", completed)
		}
	})
}

// TestCloseAbandons: Close returns when its context ends, and nobody is told anything afterwards, also if the write
// that was blocked goes through at last.
func TestCloseAbandons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, p := make(chan struct{}), &place{}
		p.answer = func(int, []pelton.Effect) error {
			<-gate
			return nil
		}
		w := sink.Start(sink.Options{Name: "test", Sink: p, Buffer: 1})
		var s sender
		w.Offer(effects(1, 5), &s)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "sink test: ") {
			t.Errorf("close: %v", err)
		}
		close(gate)
		synctest.Wait()
		if completed, rooms := s.told(); completed+rooms != 0 || !p.closed {
			t.Errorf("%d completions and %d rooms after Close; sink closed %v", completed, rooms, p.closed)
		}
	})
}

func BenchmarkWorker(b *testing.B) {
	wake := make(chan struct{}, 1)
	s := &counter{room: wake, done: make(chan struct{}), want: b.N}
	w := sink.Start(sink.Options{Name: "bench", Sink: discard{}})
	defer w.Close(b.Context())
	batch := effects(1, 64)
	b.ReportAllocs()
	for left := b.N; left > 0; {
		n := w.Offer(batch[:min(left, len(batch))], s)
		if left -= n; n == 0 {
			<-wake
		}
	}
	<-s.done
}

type discard struct{}

func (discard) Write(context.Context, []pelton.Effect) error { return nil }
func (discard) Close() error                                 { return nil }

type counter struct {
	room chan struct{}
	done chan struct{}
	want int
}

func (c *counter) Complete(uint64, error) {
	if c.want--; c.want == 0 {
		close(c.done)
	}
}

func (c *counter) Room() {
	select {
	case c.room <- struct{}{}:
	default:
	}
}
