package kafka

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/internal/kafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster is where a test's topic is: a cluster in memory, over a network in memory, for a bubble; or a real one.
type cluster struct {
	*kfake.Cluster // nil of a real one
	network        *kfake.VirtualNetwork
	brokers        []string
	topic, group   string
	client         *kgo.Client
}

// newCluster makes a cluster in memory with one topic. It ends with the test, after everything that was made later.
func newCluster(t *testing.T, partitions int32, more ...kfake.Opt) *cluster {
	t.Helper()
	c := &cluster{network: &kfake.VirtualNetwork{}, brokers: []string{"localhost:9092"}, topic: topic, group: "wheels"}
	var err error
	c.Cluster, err = kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(c.network.Listen), kfake.SeedTopics(partitions, topic), kfake.SleepOutOfOrder(),
	}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.connect(t, kgo.Dialer(c.network.DialContext))
	return c
}

const topic = "flights"

// connect makes the client that produces and looks.
func (c *cluster) connect(t *testing.T, more ...kgo.Opt) {
	t.Helper()
	var err error
	c.client, err = kgo.NewClient(append(more, kgo.SeedBrokers(c.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.client.Close)
}

func (c *cluster) access() kafka.Access {
	a := kafka.Access{Brokers: c.brokers}
	if c.network != nil {
		a.Dial = c.network.DialContext
	}
	return a
}

// produce writes records to a partition.
func (c *cluster) produce(t *testing.T, number int32, values ...string) {
	t.Helper()
	for _, v := range values {
		r := &kgo.Record{Topic: c.topic, Partition: number, Value: []byte(v), Key: []byte("key of " + v)}
		if err := c.client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// open makes a source of the topic.
func (c *cluster) open(t *testing.T, change ...func(*Options)) *Source {
	t.Helper()
	o := Options{Name: "flights", Access: c.access(), Topics: []string{c.topic}, Group: c.group}
	for _, f := range change {
		f(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// committed is the group's offset of a partition; -1 when there is none.
func (c *cluster) committed(t *testing.T, number int32) int64 {
	t.Helper()
	all, err := kadm.NewClient(c.client).FetchOffsets(t.Context(), c.group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		t.Fatal(err)
	}
	at, ok := all.Lookup(c.topic, number)
	if !ok {
		return -1
	}
	return at.At
}

// soon waits for something: in a bubble the time is nothing, else it bounds a hang.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

func lines(from, to int) []string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf(`{"n":%d}`, i))
	}
	return all
}
