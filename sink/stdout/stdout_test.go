package stdout_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/sinktest"
	"github.com/peltonhq/pelton/sink/stdout"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stream is a writer that fails when a test says so.
type stream struct {
	bytes.Buffer
	calls int
	fail  func(b []byte) (int, error)
}

// Write takes b, or fails once.
func (s *stream) Write(b []byte) (int, error) {
	s.calls++
	if fail := s.fail; fail != nil {
		s.fail = nil
		return fail(b)
	}
	return s.Buffer.Write(b)
}

func (s *stream) lines() []string {
	if s.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s.String(), "\n"), "\n")
}

func TestSink(t *testing.T) {
	sinktest.Run(t, func(*testing.T) sinktest.Kit {
		s := &stream{}
		part := func(n func(int) int, err error) func() {
			return func() {
				s.fail = func(b []byte) (int, error) {
					k, _ := s.Buffer.Write(b[:n(len(b))])
					return k, err
				}
			}
		}
		none := func(int) int { return 0 }
		half := func(n int) int { return n / 2 }
		nearly := func(n int) int { return n - 1 }
		return sinktest.Kit{
			Open:  func() (sink.Sink, error) { return stdout.New(s), nil },
			Lines: s.lines,
			Faults: map[string]func(){
				"nothing written":       part(none, io.ErrClosedPipe),
				"half written":          part(half, io.ErrClosedPipe),
				"all but the newline":   part(nearly, io.ErrClosedPipe),
				"short without a cause": part(half, nil),
			},
		}
	})
}

func TestLines(t *testing.T) {
	s := &stream{}
	out := stdout.New(s)
	var effects []pelton.Effect
	for _, payload := range []string{"a", "b\n", "", "c\nd", "\n", "e"} {
		effects = append(effects, pelton.Effect{Payload: []byte(payload)})
	}
	if err := out.Write(t.Context(), effects); err != nil {
		t.Fatal(err)
	}
	if got := s.String(); got != "a\nb\n\nc\nd\n\ne\n" || s.calls != 1 {
		t.Errorf("wrote %q in %d calls", got, s.calls)
	}
}

// told passes on what its sender is told.
type told struct {
	c    chan uint64
	room chan struct{}
}

func (w told) Complete(token uint64, _ error) { w.c <- token }

func (w told) Room() { w.room <- struct{}{} }

// TestPipe: a pipe that nobody reads blocks the worker only; when it is read, everything comes, once and in order.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	worker := sink.Start(sink.Options{Name: "pipe", Sink: stdout.New(w), Buffer: 256 << 10})
	const total = 2000
	to := told{make(chan uint64, total), make(chan struct{}, total)}
	all := make([]pelton.Effect, total)
	for i := range all {
		all[i] = pelton.Effect{Token: uint64(i + 1), Payload: fmt.Appendf(nil, "%d %s", i+1, strings.Repeat("x", 1000))}
	}
	offered := worker.Offer(all, to)
	if st := worker.Stats(); offered == total || st.QueuedBytes < st.Buffer || len(to.room) != 0 {
		t.Fatalf("offered %d of %d, stats %+v; want a full worker", offered, total, st)
	}
	go func() {
		for offered < total {
			<-to.room
			offered += worker.Offer(all[offered:], to)
		}
	}()
	read := bufio.NewScanner(r)
	for i := 1; i <= total; i++ {
		if !read.Scan() {
			t.Fatalf("the pipe ended at line %d: %v", i, read.Err())
		}
		if n, _, _ := strings.Cut(read.Text(), " "); n != fmt.Sprint(i) {
			t.Fatalf("line %d is %.20q", i, read.Text())
		}
	}
	for i := uint64(1); i <= total; i++ {
		if token := <-to.c; token != i {
			t.Fatalf("completion %d is of %d", i, token)
		}
	}
	if err := worker.Close(t.Context()); err != nil {
		t.Error(err)
	}
	r.Close()
	w.Close()
}

// TestPipeClose: Close does not wait for a write that is blocked for longer than its context.
func TestPipeClose(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	worker := sink.Start(sink.Options{Name: "pipe", Sink: stdout.New(w)})
	large := []pelton.Effect{{Token: 1, Payload: make([]byte, 1<<20)}}
	to := told{c: make(chan uint64, 1)}
	if n := worker.Offer(large, to); n != 1 {
		t.Fatal("not taken")
	}
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil { // the write has begun
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := worker.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
	r.Close() // ends the write, and with it the goroutine
	if err := worker.Close(t.Context()); err != nil {
		t.Errorf("second close: %v", err)
	}
	if len(to.c) != 0 {
		t.Error("a completion of a write that was given up")
	}
	w.Close()
}
