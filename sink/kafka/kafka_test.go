package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/kafka"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "late"

// place is a cluster in memory with the topic, over a network in memory.
type place struct {
	*kfake.Cluster // nil of a real one
	t              *testing.T
	topic          string
	access         kafka.Access
	client         *kgo.Client
	broken         *kfake.FaultHandle // until the sink is opened again
}

func newPlace(t *testing.T, partitions int32) *place {
	t.Helper()
	network := &kfake.VirtualNetwork{}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen), kfake.SeedTopics(partitions, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	p := &place{Cluster: c, t: t, topic: topic, access: kafka.Access{Brokers: []string{"localhost:9092"}, Dial: network.DialContext}}
	p.client, err = kgo.NewClient(kgo.SeedBrokers("localhost:9092"), kgo.Dialer(network.DialContext))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.client.Close)
	return p
}

func (p *place) open() (sink.Sink, error) {
	if p.broken != nil {
		p.broken.Remove()
		p.broken = nil
	}
	return Open(Options{Access: p.access, Topic: p.topic, MaxMessage: 100_000, Compression: None})
}

// records are all of the topic, by partition in order.
func (p *place) records() []*kgo.Record {
	p.t.Helper()
	ends, err := kadm.NewClient(p.client).ListEndOffsets(p.t.Context(), p.topic)
	if err != nil {
		p.t.Fatal(err)
	}
	left := int64(0)
	from := map[string]map[int32]kgo.Offset{p.topic: {}}
	ends.Each(func(o kadm.ListedOffset) {
		left += o.Offset
		from[p.topic][o.Partition] = kgo.NewOffset().AtStart()
	})
	p.client.AddConsumePartitions(from)
	defer p.client.PurgeTopicsFromConsuming(p.topic)
	var all []*kgo.Record
	for left > 0 {
		fetches := p.client.PollFetches(p.t.Context())
		if err := fetches.Err(); err != nil {
			p.t.Fatal(err)
		}
		left -= int64(fetches.NumRecords())
		all = append(all, fetches.Records()...)
	}
	slices.SortStableFunc(all, func(a, b *kgo.Record) int { return int(a.Partition - b.Partition) })
	return all
}

func (p *place) lines() []string {
	p.t.Helper()
	var all []string
	for _, r := range p.records() {
		all = append(all, string(r.Value))
	}
	return all
}

// fails makes so many requests to write fail, -1 for all until the sink is opened again.
func (p *place) fails(err *kerr.Error, count int) func() {
	return func() {
		h := p.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: err, Count: count})
		if count < 0 {
			p.broken = h
		}
	}
}

// refuses lets the brokers refuse every batch with poison in it, for good.
func (p *place) refuses(poison []byte, err *kerr.Error) {
	p.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: err, Count: -1, When: func(r kmsg.Request) bool {
		for _, t := range r.(*kmsg.ProduceRequest).Topics {
			for _, p := range t.Partitions {
				if bytes.Contains(p.Records, poison) {
					return true
				}
			}
		}
		return false
	}})
}

func TestKit(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Kit {
		p := newPlace(t, 1)
		return sinktest.Kit{
			Open: p.open, Lines: p.lines, Rejects: make([]byte, 200_000),
			Faults: map[string]func(){
				"a leader moves":   p.fails(kerr.NotLeaderForPartition, retries+2),
				"too few replicas": p.fails(kerr.NotEnoughReplicas, retries+2),
				"no such topic":    p.fails(kerr.UnknownTopicOrPartition, 12),
				"not allowed":      p.fails(kerr.TopicAuthorizationFailed, 1),
			},
			Crashes: map[string]func(){
				"nothing is taken": p.fails(kerr.NotEnoughReplicas, -1),
			},
		}
	})
}

// TestRefused: the kit over brokers that refuse a whole batch for one record in it.
func TestRefused(t *testing.T) {
	for _, err := range []*kerr.Error{kerr.InvalidRecord, kerr.MessageTooLarge} {
		t.Run(err.Message, func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Kit {
				p := newPlace(t, 1)
				p.refuses([]byte("poison"), err)
				return sinktest.Kit{Open: p.open, Lines: p.lines, Rejects: []byte("poison"), Repeats: true}
			})
		})
	}
}

func effect(key string, n int) pelton.Effect {
	id := pelton.MessageID{Lane: pelton.LaneID{Source: "s", Incarnation: "1", Lane: "l"}, Position: uint64(n)}
	return pelton.Effect{
		ID: id.To(pelton.Target{Kind: pelton.TargetSink, Name: "late"}), Key: []byte(key), Payload: fmt.Append(nil, n),
		Time: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), ContentType: "application/json", Trace: "00-1-2-01",
	}
}

// TestRecord: what a record of the topic says.
func TestRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, 1)
		s, err := p.open()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		bare := effect("", 2)
		bare.Key, bare.ContentType, bare.Trace, bare.Time = nil, "", "", time.Time{}
		if err := s.Write(t.Context(), []pelton.Effect{effect("ORD", 1), bare}); err != nil {
			t.Fatal(err)
		}
		all := p.records()
		want := []kgo.RecordHeader{
			{Key: "pelton-effect", Value: []byte("s/1/l/1>sink/late")}, {Key: "pelton-time", Value: []byte("2001-02-03T04:05:06Z")},
			{Key: "content-type", Value: []byte("application/json")}, {Key: "traceparent", Value: []byte("00-1-2-01")},
		}
		same := func(a, b kgo.RecordHeader) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) }
		if r := all[0]; string(r.Key) != "ORD" || string(r.Value) != "1" || !slices.EqualFunc(r.Headers, want, same) || r.Timestamp.Year() < 2000 || r.Timestamp.Year() == 2001 {
			t.Errorf("the record is %+v", r)
		}
		if r := all[1]; r.Key != nil || len(r.Headers) != 1 {
			t.Errorf("the bare record is %+v", r)
		}
	})
}

// TestKeys: the effects of a key are in one partition, in order, also when a record among them is refused.
func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, 4)
		p.refuses([]byte("poison"), kerr.InvalidRecord)
		s, err := p.open()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var all []pelton.Effect
		for n := range 400 {
			e := effect(fmt.Sprint("key", n%10), n)
			if n%97 == 50 {
				e.Payload = []byte("poison")
			}
			all = append(all, e)
		}
		var refused []int
		for at := 0; at < len(all); {
			err := s.Write(t.Context(), all[at:])
			var rejected *sink.Rejected
			if err == nil {
				break
			}
			if !errors.As(err, &rejected) {
				t.Fatal(err)
			}
			at += rejected.Index + 1
			refused = append(refused, at-1)
		}
		if !slices.Equal(refused, []int{50, 147, 244, 341}) {
			t.Errorf("refused %v", refused)
		}
		last := map[string][]string{}
		partition := map[string]int32{}
		for _, r := range p.records() {
			key := string(r.Key)
			if at, ok := partition[key]; ok && at != r.Partition {
				t.Errorf("key %s is in partitions %d and %d", key, at, r.Partition)
			}
			partition[key] = r.Partition
			last[key] = append(slices.DeleteFunc(last[key], func(v string) bool { return v == string(r.Value) }), string(r.Value))
		}
		for k := range 10 {
			var want []string
			for n := k; n < 400; n += 10 {
				if n%97 != 50 {
					want = append(want, fmt.Sprint(n))
				}
			}
			if got := last[fmt.Sprint("key", k)]; !slices.Equal(got, want) {
				t.Errorf("key%d: %v\nwant %v", k, got, want)
			}
		}
	})
}

// TestGivenUp: a Write that the cluster does not answer ends with its context, and Close ends too.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, 1)
		s, err := p.open()
		if err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		p.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
			p.SleepControl(func() { <-release })
			return nil, nil, false
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Write(ctx, []pelton.Effect{effect("a", 1)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		close(release)
		synctest.Wait() // a cluster that is closed while a request sleeps may never be
	})
}

func TestOpenFails(t *testing.T) {
	for want, o := range map[string]Options{
		`kafka: compression: unknown "zip"`:                 {Topic: topic, Compression: "zip"},
		"kafka: access: sasl.password_file: open /nowhere:": {Topic: topic, Access: kafka.Access{SASL: &kafka.SASL{PasswordFile: "/nowhere"}}},
	} {
		o.Access.Brokers = []string{"localhost:9092"}
		if _, err := Open(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
