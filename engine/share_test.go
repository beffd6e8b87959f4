package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

// holder holds each message "hold", and gives up "dead", until it is fixed.
type holder struct{ fixed *atomic.Bool }

func (holder) Init([]byte) ([]pelton.Output, error) { return []pelton.Output{{Name: "loud"}}, nil }

func (h holder) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	switch text := string(m.Payload()); {
	case h.fixed.Load():
	case text == "hold":
		return pelton.Hold(time.Hour)
	case text == "dead":
		return pelton.Dead("as it says")
	}
	out.Emit("loud", m.Key(), bytes.ToUpper(m.Payload()))
	return pelton.Ack()
}

// topicOf is a topic on a cluster in memory, with the same messages in each partition.
func topicOf(t *testing.T, partitions int32, values ...string) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "flights"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	add(t, c, partitions, values...)
	return c
}

// add puts the same messages into each partition.
func add(t *testing.T, c *kfake.Cluster, partitions int32, values ...string) {
	t.Helper()
	p, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for number := range partitions {
		for _, v := range values {
			r := &kgo.Record{Topic: "flights", Partition: number, Key: fmt.Appendf(nil, "%d-%s", number, v), Value: []byte(v)}
			if err := p.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// member is a running wheel of the group.
type member struct {
	t      *testing.T
	seen   events
	fixed  atomic.Bool
	client *client.Client
	stop   context.CancelFunc
	done   chan error
}

func memberOf(t *testing.T, c *kfake.Cluster, extra string) (config.Config, *member) {
	t.Helper()
	text := fmt.Sprintf(`
sources:
  flights: {kafka: {brokers: [%q], topics: [flights], group: g, drain: 2s}}
plugins:
  holder: {from: [flights], native: {name: holder}}
sessions:
  loud: {from: [holder.loud]}
api: {listen: "127.0.0.1:0", grpc: "127.0.0.1:0"}
%s`, c.ListenAddrs()[0], extra)
	parsed, err := config.Parse([]byte(text), filepath.Join(t.TempDir(), "pelton.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, &member{t: t, done: make(chan error, 1)}
}

func (m *member) registry() native.Registry {
	return native.Registry{"holder": native.Module("holder", func() native.Plugin { return holder{&m.fixed} })}
}

// launch runs a wheel until it listens.
func launch(t *testing.T, c *kfake.Cluster) *member {
	t.Helper()
	parsed, m := memberOf(t, c, "")
	ctx, cancel := context.WithCancel(t.Context())
	m.stop = cancel
	listening := make(chan string, 1)
	go func() {
		m.done <- engine.Run(ctx, parsed, engine.Options{
			Native: m.registry(), CacheDir: t.TempDir(),
			Events: func(e engine.Event) {
				m.seen.add(e)
				if e.Event == "listening" {
					listening <- e.HTTP
				}
			},
		})
	}()
	select {
	case address := <-listening:
		m.client = client.New(strings.TrimPrefix(address, "http://"))
	case err := <-m.done:
		t.Fatal(err)
	}
	t.Cleanup(m.end)
	return m
}

func (m *member) end() {
	m.t.Helper()
	if m.client == nil {
		return
	}
	m.client.Close()
	m.client = nil
	m.stop()
	if err := <-m.done; err != nil {
		m.t.Error(err)
	}
}

// until waits for figures.
func (m *member) until(what string, ok func(api.Stats) bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	err := m.client.WatchStats(ctx, 100*time.Millisecond, func(s api.Stats) error {
		if ok(s) {
			return context.Canceled
		}
		return nil
	})
	if ctx.Err() != nil {
		m.t.Fatalf("not within a minute: %s: %v", what, err)
	}
}

// TestShared: two wheels of a group share a topic. What the first one holds of the partition that the second one has now
// comes back to the first one, and so does the replay of a dead letter; when the second ends, the first has all again.
func TestShared(t *testing.T) {
	c := topicOf(t, 2, "a", "hold", "b", "dead", "c")
	first := launch(t, c)
	first.until("all is read", func(s api.Stats) bool {
		return s.Sources[0].Messages == 10 && s.Lot.Parked == 2 && s.Lot.Dead == 2 && s.Sessions[0].Snapshots == 6
	})
	second := launch(t, c)
	second.until("it has a partition", func(s api.Stats) bool { return len(s.Sources[0].Lanes) == 1 })
	first.fixed.Store(true)
	held, err := first.client.AllParked(t.Context(), api.ParkedQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range held {
		if err := first.client.Settle(t.Context(), fmt.Sprintf("%s/%d", p.Delivery, p.Attempts), pelton.Retry(0), nil); err != nil {
			t.Errorf("lane %s: %v", p.Lane, err)
		}
	}
	dead, err := first.client.Replay(t.Context(), nil, api.DeadQuery{}, api.ReplayOptions{})
	if err != nil || dead.Replayed != 2 {
		t.Errorf("replay: %+v, %v", dead, err)
	}
	first.until("what was held and dead is done", func(s api.Stats) bool { return s.Lot.Parked == 0 && s.Sessions[0].Snapshots == 10 })
	if s, err := second.client.Stats(t.Context()); err != nil || s.Sources[0].Messages != 0 || s.Lot.Parked != 0 {
		t.Errorf("the second wheel: %+v, %v", s.Sources[0], err)
	}
	second.end()
	first.until("it has all again", func(s api.Stats) bool {
		lanes := s.Sources[0].Lanes
		return len(lanes) == 2 && slices.IndexFunc(lanes, func(l api.LaneStats) bool { return l.Watermark != 5 || l.Size != 5 }) < 0
	})
	if s, err := first.client.Stats(t.Context()); err != nil || s.Sources[0].Messages != 10 {
		t.Errorf("counts of the first wheel: %+v, %v", s.Sources[0], err)
	}
}

// TestSharedRoom: a wheel that could not have all the lanes says so at its start.
func TestSharedRoom(t *testing.T) {
	c := topicOf(t, 5)
	parsed, m := memberOf(t, c, "arena: {size: 16MiB}")
	err := engine.Run(t.Context(), parsed, engine.Options{Native: m.registry(), CacheDir: t.TempDir()})
	want := "source flights: 5 lanes need "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "raise arena.size or lower arena.max_message") {
		t.Errorf("got %v, want %s…", err, want)
	}
}
