package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton/api"
)

// cluster is a Kafka cluster in this process that wheels reach over TCP, with the flights in a topic by their airport.
type cluster struct {
	t             *testing.T
	brokers       []string
	flights, late string // topics
	group         string
	client        *kgo.Client
}

func newCluster(t *testing.T, partitions int32) *cluster {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "flights"), kfake.SeedTopics(1, "late"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	c := &cluster{t: t, brokers: fake.ListenAddrs(), flights: "flights", late: "late", group: "delays"}
	c.connect()
	c.fill()
	return c
}

// connect makes the client that produces the flights and reads the late ones.
func (c *cluster) connect() {
	c.t.Helper()
	var err error
	c.client, err = kgo.NewClient(kgo.SeedBrokers(c.brokers...), kgo.ConsumeTopics(c.late), kgo.MaxConcurrentFetches(0))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(c.client.Close)
}

// fill produces the flights.
func (c *cluster) fill() {
	c.t.Helper()
	text, err := os.ReadFile("../../examples/flights/flights.jsonl")
	if err != nil {
		c.t.Fatal(err)
	}
	var all []*kgo.Record
	for line := range bytes.Lines(text) {
		var f struct {
			Origin string `json:"origin"`
		}
		if err := json.Unmarshal(line, &f); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, &kgo.Record{Topic: c.flights, Key: []byte(f.Origin), Value: bytes.TrimSuffix(line, []byte("\n"))})
	}
	if err := c.client.ProduceSync(limited(c.t), all...).FirstErr(); err != nil {
		c.t.Fatal(err)
	}
}

// config is that of the example, from a topic and to one.
func (c *cluster) config() string {
	c.t.Helper()
	brokers := `"` + strings.Join(c.brokers, `", "`) + `"`
	return example(c.t,
		"file:\n      path: flights.jsonl\n      rate: 2000/s             # ten seconds to watch; delete this line for full speed",
		fmt.Sprintf("kafka: {brokers: [%s], topics: [%s], group: %s, fetch: {partition_bytes: 64KiB, max_bytes: 256KiB, buffer: 1MiB}}", brokers, c.flights, c.group),
		"      key: origin\n", "",
		"file: {path: late.jsonl, on_new: truncate}", fmt.Sprintf("kafka: {brokers: [%s], topic: %s}", brokers, c.late),
	)
}

// written are the records of the sink's topic, by the effect that each was of, until want of them differ.
func (c *cluster) written(want int) map[string]string {
	c.t.Helper()
	ctx, all := limited(c.t), map[string]string{}
	for len(all) < want {
		fetches := c.client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			c.t.Fatalf("%d of %d late flights: %v", len(all), want, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			id := string(r.Headers[0].Value)
			if before, ok := all[id]; ok && before != string(r.Value) {
				c.t.Errorf("effect %s was %s, and then %s", id, before, r.Value)
			}
			all[id] = string(r.Value)
		})
	}
	return all
}

func settledIn(s api.Stats) (watermark uint64) {
	for _, l := range s.Sources[0].Lanes {
		watermark += l.Watermark
	}
	return watermark
}

// TestKafkaKill kills a wheel that reads a topic and writes one, again and again: no flight is lost, no snapshot comes
// twice, each airport's are in order, and the sink's topic has every late flight.
func TestKafkaKill(t *testing.T) {
	t.Parallel()
	kafkaKill(t, newCluster(t, 3), 3, 4000)
}

func kafkaKill(t *testing.T, c *cluster, kills, most int) {
	t.Helper()
	o := flights(t)
	config := c.config()
	r := reader{t: t, name: "airports"}
	rnd := random(t)
	for i := range kills {
		n := 1 + rnd.IntN(most)
		w := start(t, config)
		r.read(w, n)
		stats, err := w.client().Stats(limited(t))
		if err != nil {
			t.Fatal(err)
		}
		w.kill()
		if at := settledIn(stats); at >= uint64(o.total) {
			t.Errorf("kill %d came when everything was done", i+1)
		}
	}
	w := start(t, config)
	r.read(w, o.total-len(r.seen))
	w.until(func(s api.Stats) bool {
		return len(s.Sources[0].Lanes) == 3 && settledIn(s) == uint64(o.total) && s.Lot.Parked == 0 && s.Lot.Dead == 0
	})
	fresh := reader{t: t, name: "airports"}
	fresh.read(w, o.total)
	o.snapshots(t, fresh.seen, always)
	var late []string
	for _, line := range c.written(len(o.late)) {
		late = append(late, line+"\n")
	}
	if slices.Sort(late); !slices.Equal(late, o.late) {
		t.Errorf("%d late flights in the topic, want %d", len(late), len(o.late))
	}
	w.stop()
	admin := kadm.NewClient(c.client)
	groups, err := admin.DescribeGroups(limited(t), c.group)
	if err != nil || len(groups[c.group].Members) != 0 {
		t.Errorf("the wheel has ended, and its group has %d members: %v", len(groups[c.group].Members), err)
	}
	offsets, err := admin.FetchOffsets(limited(t), c.group)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	offsets.Each(func(o kadm.OffsetResponse) { sum += o.At })
	if sum != int64(o.total) {
		t.Errorf("the group has committed %d, want %d", sum, o.total)
	}
}
