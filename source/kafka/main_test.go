package kafka

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/internal/kafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster is a cluster in memory, over a network in memory, for a bubble.
type cluster struct {
	*kfake.Cluster
	network *kfake.VirtualNetwork
	client  *kgo.Client
}

const topic = "flights"

// newCluster makes a cluster with one topic. It ends with the test, after everything that was made later.
func newCluster(t *testing.T, partitions int32, more ...kfake.Opt) *cluster {
	t.Helper()
	c := &cluster{network: &kfake.VirtualNetwork{}}
	var err error
	c.Cluster, err = kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(c.network.Listen), kfake.SeedTopics(partitions, topic), kfake.SleepOutOfOrder(),
	}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.client, err = kgo.NewClient(kgo.SeedBrokers("localhost:9092"), kgo.Dialer(c.network.DialContext), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.client.Close)
	return c
}

func (c *cluster) access() kafka.Access {
	return kafka.Access{Brokers: []string{"localhost:9092"}, Dial: c.network.DialContext}
}

// produce writes records to a partition.
func (c *cluster) produce(t *testing.T, number int32, values ...string) {
	t.Helper()
	for _, v := range values {
		r := &kgo.Record{Topic: topic, Partition: number, Value: []byte(v), Key: []byte("key of " + v)}
		if err := c.client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// open makes a source of the topic.
func (c *cluster) open(t *testing.T, change ...func(*Options)) *Source {
	t.Helper()
	o := Options{Name: "flights", Access: c.access(), Topics: []string{topic}, Group: "wheels"}
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
func (c *cluster) committed(number int32) int64 {
	g := c.GroupInfo("wheels")
	if g == nil {
		return -1
	}
	at, ok := g.Commits[topic][number]
	if !ok {
		return -1
	}
	return at.Offset
}

// soon waits for something in a bubble.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1200 {
		if ok() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("not within two minutes: %s", what)
}

func lines(from, to int) []string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf(`{"n":%d}`, i))
	}
	return all
}
