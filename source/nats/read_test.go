package nats

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/internal/natstest"
	"github.com/peltonhq/pelton/source"
)

// taker is an Out that takes all, copies and releases.
type taker struct {
	arena *arena.Arena
	came  chan struct{} // one for each frame

	mu  sync.Mutex
	got []pelton.Message
}

func (k *taker) Frame(_ context.Context, f decode.Frame) error {
	v, err := k.arena.View(f.Ref)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.got = append(k.got, v.Own())
	k.mu.Unlock()
	k.came <- struct{}{}
	return k.arena.Release(f.Ref)
}

func (k *taker) Flush(ctx context.Context) error { return ctx.Err() }

// texts waits for n frames in all and gives their payloads.
func (k *taker) texts(t *testing.T, n int) []string {
	t.Helper()
	for {
		k.mu.Lock()
		var all []string
		for _, m := range k.got {
			all = append(all, string(m.Payload))
		}
		k.mu.Unlock()
		if len(all) >= n {
			return all
		}
		select {
		case <-k.came:
		case <-time.After(time.Minute): // a hang
			t.Fatalf("only %q came", all)
		}
	}
}

// running is an open source whose lane is read as a loop does.
type running struct {
	*taker
	source *Source
	lane   *lane
	ended  chan error // what the last Read said
	stop   context.CancelFunc
}

func run(t *testing.T, o Options, from uint64) *running {
	t.Helper()
	s := New(o)
	lanes, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := arena.New(arena.Options{Name: "test", Size: 4 << 20, MaxMessage: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	space, err := a.Lane("ORDERS")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{taker: &taker{arena: a, came: make(chan struct{}, 1<<16)}, source: s, lane: lanes[0].(*lane), ended: make(chan error, 1)}
	id := r.lane.ID()
	d, err := decode.New(decode.Config{MaxMessage: 1<<20 - decode.Spare}, space, &id, r.taker, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(t.Context())
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			err := r.lane.Read(ctx, from, d)
			if ctx.Err() != nil || errors.Is(err, source.ErrRenewed) {
				r.ended <- err
				return
			}
			t.Logf("read: %v", err)
			from = max(from, d.Position())
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	t.Cleanup(func() {
		r.stop()
		reader.Wait()
		if err := errors.Join(s.Close(), a.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// idle is a decoder of which nothing is wanted.
func idle(t *testing.T, l source.Lane) *decode.Decoder {
	t.Helper()
	a, err := arena.New(arena.Options{Name: "test", Size: 4 << 20, MaxMessage: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	space, err := a.Lane("ORDERS")
	if err != nil {
		t.Fatal(err)
	}
	id := l.ID()
	d, err := decode.New(decode.Config{}, space, &id, &taker{arena: a}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return d
}

// until asks for the consumer until it is as it should be.
func until(t *testing.T, s *natstest.Server, holds func(*jetstream.ConsumerInfo) bool) {
	t.Helper()
	var last *jetstream.ConsumerInfo
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		c, err := s.JetStream(t).Consumer(t.Context(), "ORDERS", "pelton")
		if err != nil {
			t.Fatal(err)
		}
		if last = c.CachedInfo(); holds(last) {
			return
		}
	}
	t.Fatalf("the consumer stays %+v", last)
}

// N1, N2: the server shows what is settled, and sends no more than may be unsettled.
func TestProgressAndPressure(t *testing.T) {
	for _, retention := range []jetstream.RetentionPolicy{jetstream.LimitsPolicy, jetstream.WorkQueuePolicy} {
		s, o := orders(t, jetstream.StreamConfig{Retention: retention}, strings.Split(strings.Repeat("x", 50), "")...)
		o.MaxAckPending = 10
		r := run(t, o, 0)
		r.texts(t, 10)
		until(t, s, func(i *jetstream.ConsumerInfo) bool {
			return i.NumAckPending == 10 && i.NumPending == 40 && i.AckFloor.Stream == 0
		})
		r.lane.Settled(6)
		r.texts(t, 15)
		until(t, s, func(i *jetstream.ConsumerInfo) bool { return i.AckFloor.Stream == 5 && i.NumAckPending == 10 })
		r.lane.Settled(16)
		r.texts(t, 25)
		if got := len(r.texts(t, 0)); got != 25 {
			t.Errorf("%v: %d came, want 25", retention, got)
		}
	}
}

// What the server repeats by itself is not handed over again, and what is settled already is acknowledged again.
func TestRepeated(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one", "two", "three")
	r := run(t, o, 0)
	r.texts(t, 3)
	r.lane.acks.mu.Lock()
	reply := r.lane.acks.marks[1].reply
	r.lane.acks.mu.Unlock()
	if err := r.source.conn.Publish(reply, []byte("-NAK")); err != nil {
		t.Fatal(err)
	}
	until(t, s, func(i *jetstream.ConsumerInfo) bool { return i.Delivered.Consumer == 4 })
	s.Publish(t, "orders.eu", "four")
	if got := r.texts(t, 4); !slices.Equal(got, []string{"one", "two", "three", "four"}) {
		t.Errorf("got %q", got)
	}
	r.lane.Settled(5)
	until(t, s, func(i *jetstream.ConsumerInfo) bool { return i.AckFloor.Stream == 4 && i.NumAckPending == 0 })
}

// Messages that were deleted, and those of other subjects, leave gaps in the positions and nothing else.
func TestGaps(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one", "two", "three")
	s.Publish(t, "orders.us", "four")
	s.Publish(t, "orders.eu", "five")
	stream, err := s.JetStream(t).Stream(t.Context(), "ORDERS")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	o.Subjects = []string{"orders.eu"}
	r := run(t, o, 0)
	if got := r.texts(t, 3); !slices.Equal(got, []string{"one", "three", "five"}) {
		t.Errorf("got %q", got)
	}
	if m := r.got[2].Meta; m.Position != 5 || m.Next != 6 {
		t.Errorf("position %d, next %d", m.Position, m.Next)
	}
}

// A consumer that somebody deletes is made again, and nothing is lost or handed over twice.
func TestConsumerDeleted(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one", "two")
	r := run(t, o, 0)
	r.texts(t, 2)
	r.lane.Settled(2)
	if err := s.JetStream(t).DeleteConsumer(t.Context(), "ORDERS", "pelton"); err != nil {
		t.Fatal(err)
	}
	s.Publish(t, "orders.eu", "three")
	if got := r.texts(t, 3); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("got %q", got)
	}
	until(t, s, func(i *jetstream.ConsumerInfo) bool { return i.AckFloor.Stream == 1 })
}

// A stream that is deleted and made again is another incarnation, read from its start.
func TestStreamMadeAnew(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one", "two")
	r := run(t, o, 0)
	r.texts(t, 2)
	before := r.lane.ID()
	if err := s.JetStream(t).DeleteStream(t.Context(), "ORDERS"); err != nil {
		t.Fatal(err)
	}
	s.Stream(t, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	s.Publish(t, "orders.eu", "uno")
	select {
	case err := <-r.ended:
		if !errors.Is(err, source.ErrRenewed) {
			t.Fatalf("got %v, want source.ErrRenewed", err)
		}
	case <-time.After(time.Minute): // a hang
		t.Fatal("the read goes on")
	}
	again := run(t, o, 0)
	if id := again.lane.ID(); id == before || id.Lane != before.Lane {
		t.Errorf("%s, before %s", id, before)
	}
	if got := again.texts(t, 1); !slices.Equal(got, []string{"uno"}) {
		t.Errorf("got %q", got)
	}
	if again.lane.Renewed(2) || !again.lane.Renewed(3) {
		t.Error("a stream that ends at 1 goes on at 2, and not at 3")
	}
}

// A lane that is read again while its source stays open goes on where it was, also behind what the stream had when it was
// opened.
func TestReadAgain(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "one", "two")
	r := run(t, o, 1)
	s.Publish(t, "orders.eu", "three", "four")
	r.texts(t, 4)
	r.stop()
	<-r.ended
	was := r.lane.ID()
	if id, from := source.Resume(r.lane, was.Incarnation, 5); id != was || from != 5 {
		t.Errorf("it goes on as %v at %d, want %v at 5", id, from, was)
	}
	if id, _ := source.Resume(r.lane, was.Incarnation, 6); id == was {
		t.Error("a stream that ends before the position is the same")
	}
}

// deliver: new begins behind what is there when the consumer is made, also after a crash before anything was settled.
func TestDeliverNew(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{}, "old", "older")
	o.New = true
	first := run(t, o, 0)
	s.Publish(t, "orders.eu", "one")
	first.texts(t, 1)
	first.stop()
	<-first.ended
	if err := first.source.Close(); err != nil {
		t.Fatal(err)
	}
	s.Publish(t, "orders.eu", "two")
	if got := run(t, o, 0).texts(t, 2); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q", got)
	}
}

func TestMeta(t *testing.T) {
	s, o := orders(t, jetstream.StreamConfig{})
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	m := &natsgo.Msg{Subject: "orders.eu.17", Data: []byte("x"), Header: natsgo.Header{"B": {"2", "3"}, "A": {"1"}, "Traceparent": {trace}}}
	if _, err := s.JetStream(t).PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"": "", "subject": "orders.eu.17", "subject.2": "eu", "subject.4": ""} {
		var err error
		if o.Key, err = ParseKey(text); err != nil {
			t.Fatal(err)
		}
		r := run(t, o, 0)
		r.texts(t, 1)
		got := r.got[0]
		if string(got.Key) != want || (got.Key == nil) != (want == "") {
			t.Errorf("key %q: got %q, want %q", text, got.Key, want)
		}
		headers := []pelton.Header{{Name: SubjectHeader, Value: "orders.eu.17"}, {Name: "A", Value: "1"}, {Name: "B", Value: "2"}, {Name: "B", Value: "3"}, {Name: "Traceparent", Value: trace}}
		if !slices.Equal(got.Meta.Headers, headers) || got.Meta.Trace != trace || got.Meta.Position != 1 {
			t.Errorf("meta %+v", got.Meta)
		}
		r.stop()
		<-r.ended
	}
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{"", "subject", "subject.1", "subject.0", "subject.x", "subjects", "subject."} {
		f.Add(s, "a.b..c")
	}
	f.Fuzz(func(t *testing.T, text, subject string) {
		k, err := ParseKey(text)
		if err != nil {
			return
		}
		if got := k.of(subject); text == "" && got != nil || text == "subject" && string(got) != subject || !strings.Contains(subject, string(got)) {
			t.Errorf("key %q of %q is %q", text, subject, got)
		}
	})
}
