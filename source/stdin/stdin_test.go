package stdin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/ingest"
	"github.com/peltonhq/pelton/source/sourcetest"
	"github.com/peltonhq/pelton/source/stdin"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened is a source over an input, with a store of its own.
type opened struct {
	*stdin.Source
	queue *ingest.Queue
	store *memory.Store
	most  int64
}

func (o opened) Close() error { return errors.Join(o.Source.Close(), o.store.Close()) }

func open(t *testing.T, s *memory.Store, in io.Reader, o stdin.Options, q ingest.Options) opened {
	t.Helper()
	q.Name, q.Store, q.Finite = "lines", s, true
	queue, err := ingest.Open(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	o.Queue, o.Input = queue, in
	return opened{Source: stdin.New(o), queue: queue, store: s, most: o.MaxMessage}
}

// stored reads an input to its end, and gives what is in the store then.
func stored(t *testing.T, in io.Reader, o stdin.Options) []store.Record {
	t.Helper()
	s := open(t, memory.New(), in, o, ingest.Options{})
	lanes, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lanes[0].Endless() {
		t.Error("standard input has an end")
	}
	if err := sourcetest.Drain(t, lanes[0], decode.Config{MaxMessage: o.MaxMessage}); err != nil {
		t.Fatal(err)
	}
	var all []store.Record
	for e, err := range s.store.Scan([]byte{store.SpaceIngest}, []byte{store.SpaceIngest + 1}, store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, store.Record{Op: store.Put, Key: e.Key, Value: e.Value})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// The kit runs on what a first run stored: the input gives nothing any more.
func TestSource(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for name, c := range map[string]struct {
		in      string
		options stdin.Options
		decode  decode.Config
		want    []string
	}{
		"lines": {
			in:     "{\"a\":1}\r\n\n{\"a\":\n{\"a\":\"" + long + "\"}\n[]",
			decode: decode.Config{Format: decode.JSON, Key: "a"},
			want:   []string{`{"a":1}`, sourcetest.Bad, `{"a":"` + long + `"}`, "[]"},
		},
		"too large": {
			in: "one\n" + long + "\nthree\nfour\n", options: stdin.Options{MaxMessage: 1000}, decode: decode.Config{MaxMessage: 1000},
			want: []string{"one", sourcetest.Bad, "three", "four"},
		},
		"length": {
			in: "\x00\x00\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x02b\n\x00\x00\x00\x09cut", options: stdin.Options{Framing: decode.Length},
			want: []string{"a", "", "b\n", sourcetest.Bad},
		},
		"byte order mark": {
			in: "\xEF\xBB\xBF1\n2\n\xEF\xBB\xBF3\n", options: stdin.Options{Text: true}, decode: decode.Config{Format: decode.JSON},
			want: []string{"1", "2", sourcetest.Bad},
		},
	} {
		t.Run(name, func(t *testing.T) {
			content := stored(t, iotest.HalfReader(strings.NewReader(c.in)), c.options)
			sourcetest.Run(t, sourcetest.Kit{
				Open: func(t *testing.T) source.Source {
					s := memory.New()
					token, err := s.Claim(t.Context(), "test")
					if err != nil {
						t.Fatal(err)
					}
					if _, err := s.Append(t.Context(), token, content); err != nil {
						t.Fatal(err)
					}
					return open(t, s, strings.NewReader(""), c.options, ingest.Options{})
				},
				Decode: c.decode,
				Want:   c.want,
			})
		})
	}
}

func TestWhole(t *testing.T) {
	content := stored(t, strings.NewReader("a\nb\n"), stdin.Options{Framing: decode.Whole})
	if last := content[len(content)-1]; !strings.HasSuffix(string(last.Value), "a\nb\n") {
		t.Errorf("%q", last.Value)
	}
}

// A full queue is not read past: the input waits, and goes on when something is settled.
func TestPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		written := make(chan error, 1)
		s := open(t, memory.New(), in, stdin.Options{}, ingest.Options{MaxBytes: 1 << 20})
		lanes, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		line := strings.Repeat("x", 999) + "\n"
		go func() {
			for range 4000 {
				if _, err := io.WriteString(out, line); err != nil {
					written <- err
					return
				}
			}
			written <- out.Close()
		}()
		synctest.Wait()
		if n := s.queue.Stats().Bytes; n > 1<<20 || n < 1<<19 {
			t.Errorf("%d bytes in the queue", n)
		}
		select {
		case err := <-written:
			t.Fatalf("all was read: %v", err)
		default:
		}
		for at := uint64(0); ; at += 100 {
			lanes[0].Settled(at)
			synctest.Wait()
			select {
			case err := <-written:
				if err != nil || at < 2000 {
					t.Errorf("%v, at %d", err, at)
				}
			default:
				continue
			}
			break
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Close does not wait for an input that gives nothing, and keeps what was cut.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		s := open(t, memory.New(), in, stdin.Options{}, ingest.Options{})
		if _, err := s.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(out, "one\ntwo\nthr")
		synctest.Wait()
		if err := s.Source.Close(); err != nil {
			t.Error(err)
		}
		var all []string
		for e, err := range s.store.Scan([]byte{store.SpaceIngest}, []byte{store.SpaceIngest + 1}, store.ScanOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(e.Value))
		}
		if len(all) != 3 || !strings.HasSuffix(all[2], "two") { // the incarnation is the first
			t.Errorf("%q", all)
		}
		if err := errors.Join(out.Close(), s.store.Close()); err != nil {
			t.Error(err)
		}
	})
}

// An input that breaks fails the lane behind what it gave.
func TestBroken(t *testing.T) {
	broken := errors.New("the cable is out")
	s := open(t, memory.New(), io.MultiReader(strings.NewReader("one\n"), iotest.ErrReader(broken)), stdin.Options{}, ingest.Options{})
	lanes, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := sourcetest.Drain(t, lanes[0], decode.Config{}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "read standard input") {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestNeverOpened(t *testing.T) {
	s := open(t, memory.New(), iotest.ErrReader(errors.New("it was read")), stdin.Options{}, ingest.Options{})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.queue.Publish(context.Background(), slices.Repeat([]ingest.Message{{}}, 1)); !errors.Is(err, ingest.ErrClosed) {
		t.Error(err)
	}
}
