package kafka

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// moved waits until b has a lane that was a's, and returns its name.
func moved(t *testing.T, a, b *wheel) string {
	t.Helper()
	soon(t, "the partitions are shared", func() bool { return len(a.names()) == 1 && len(b.names()) == 1 })
	return b.names()[0]
}

// TestRebalance: a second wheel gets a partition where the first one settled it (K1, K2), in the same order, and when
// it ends the first goes on behind it.
func TestRebalance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { rebalance(t, newCluster(t, 2)) })
}

func rebalance(t *testing.T, c *cluster) {
	t.Helper()
	for p := range int32(2) {
		c.produce(t, p, lines(1, 20)...)
	}
	a := join(t, c.open(t))
	soon(t, "all is read", func() bool { return len(a.payloads("")) == 40 })
	b := join(t, c.open(t))
	name := moved(t, a, b)
	for p := range int32(2) {
		c.produce(t, p, lines(21, 40)...)
	}
	soon(t, "all is read by both", func() bool { return len(a.payloads("")) == 60 && len(b.payloads("")) == 20 })
	if got := b.payloads(name); !slices.Equal(got, lines(21, 40)) {
		t.Errorf("the second wheel got %q of %s", got, name)
	}
	b.end()
	soon(t, "the partition comes back", func() bool { return len(a.names()) == 2 })
	for p := range int32(2) {
		c.produce(t, p, lines(41, 50)...)
	}
	soon(t, "the rest is read", func() bool { return len(a.payloads("")) == 80 })
	if got := a.payloads(name); !slices.Equal(got, append(lines(1, 20), lines(41, 50)...)) {
		t.Errorf("the first wheel got %q of %s", got, name)
	}
}

// TestLate: a watermark that comes after the partition has gone to another member, lower or higher than that one's, is
// not committed: neither does the group go back, nor is anything skipped (K2).
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { late(t, newCluster(t, 2)) })
}

func late(t *testing.T, c *cluster) {
	t.Helper()
	for p := range int32(2) {
		c.produce(t, p, lines(1, 10)...)
	}
	a := join(t, c.open(t))
	a.hold(true)
	soon(t, "all is read", func() bool { return len(a.payloads("")) == 20 })
	for _, r := range a.running() {
		r.lane.Settled(4)
	}
	b := join(t, c.open(t))
	name := moved(t, a, b)
	number := int32(name[len(name)-1] - '0')
	soon(t, "the second wheel goes on at 4", func() bool { return slices.Equal(b.payloads(name), lines(5, 10)) })
	soon(t, "and commits", func() bool { return c.committed(t, number) == 10 })
	b.hold(true)
	c.produce(t, number, lines(11, 15)...)
	soon(t, "the second wheel reads what it does not settle", func() bool { return len(b.payloads(name)) == 11 })
	for _, late := range []uint64{6, 15} {
		a.former(name).Settled(late)
		if err := a.source.commit(t.Context(), append(a.source.ours(), a.former(name).(*lane))...); err != nil {
			t.Error(err)
		}
		if at := c.committed(t, number); at != 10 {
			t.Fatalf("a late watermark of %d was committed: the group is at %d, want 10", late, at)
		}
	}
	b.end()
	soon(t, "what nobody settled comes again", func() bool {
		got := a.payloads(name)
		return len(got) >= 15 && slices.Equal(got[len(got)-5:], lines(11, 15))
	})
}

// TestDrain: what is settled while a lane is being taken away is committed before the next owner begins.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { drain(t, newCluster(t, 1)) })
}

func drain(t *testing.T, c *cluster) {
	t.Helper()
	c.produce(t, 0, lines(1, 10)...)
	a := join(t, c.open(t))
	soon(t, "all is read", func() bool { return len(a.payloads("")) == 10 })
	a.source.lane(partition{c.topic, 0}).Settled(10) // no tick of the committer comes before the end
	a.end()
	if at := c.committed(t, 0); at != 10 {
		t.Errorf("the group is at %d after the end, want 10", at)
	}
}

// TestAhead: the store is ahead of the group after a kill; nothing is read twice, and the group learns of it.
func TestAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 10)...)
		w := joinAt(t, c.open(t), 7)
		soon(t, "the rest is read", func() bool { return slices.Equal(w.payloads(""), lines(8, 10)) })
		soon(t, "the group knows", func() bool { return c.committed(t, 0) == 10 })
	})
}

// joinAt is a wheel whose store has a checkpoint of flights/0.
func joinAt(t *testing.T, s *Source, at uint64) *wheel {
	t.Helper()
	topics, err := s.topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := prepare(t, s)
	w.tags[topic+"/0"], w.stored[topic+"/0"] = incarnation(topics[topic].ID), at
	w.start()
	return w
}

// TestLatest: a group that begins at the end begins there once, also if the wheel stops before anything came.
func TestLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { latest(t, newCluster(t, 1)) })
}

func latest(t *testing.T, c *cluster) {
	t.Helper()
	c.produce(t, 0, lines(1, 10)...)
	fromEnd := func(o *Options) { o.Latest, o.Commit = true, 24*time.Hour }
	w := join(t, c.open(t, fromEnd))
	soon(t, "the place is kept", func() bool { return c.committed(t, 0) == 10 })
	w.end()
	c.produce(t, 0, lines(11, 20)...)
	w.source = c.open(t, fromEnd)
	w.start()
	soon(t, "what came meanwhile is read", func() bool { return slices.Equal(w.payloads(""), lines(11, 20)) })
}

// TestPressure: a lane that takes nothing has its partition paused, with no more queued than its share and one poll;
// others go on, and it goes on itself when it is let (A2).
func TestPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2)
		big := strings.Repeat("x", 10_000)
		values := slices.Repeat([]string{big}, 400)
		s := c.open(t, func(o *Options) {
			o.Fetch.Buffer, o.Fetch.PartitionBytes, o.Fetch.MaxBytes = 1<<20, 64<<10, 256<<10
		})
		w := prepare(t, s)
		w.stuck = make(chan struct{})
		w.start()
		c.produce(t, 0, values...)
		c.produce(t, 1, values...)
		soon(t, "the other lane is read", func() bool { return len(w.payloads(topic+"/1")) == 400 })
		time.Sleep(time.Minute)
		l := s.lane(partition{c.topic, 0})
		l.mu.Lock()
		bytes, paused := l.bytes, l.paused
		l.mu.Unlock()
		if !paused || bytes > 1<<19+256<<10 {
			t.Errorf("paused: %v, with %d bytes queued", paused, bytes)
		}
		if got := len(w.payloads(topic + "/0")); got != 0 {
			t.Errorf("the stuck lane took %d", got)
		}
		close(w.stuck)
		soon(t, "the stuck lane goes on", func() bool { return len(w.payloads(topic+"/0")) == 400 })
		if left := s.group.PauseFetchPartitions(nil); len(left) != 0 {
			t.Errorf("still paused: %v", left)
		}
	})
}

// TestPausedThenTaken: a pause does not outlive the lane, since the client would keep it for the next one.
func TestPausedThenTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		s := c.open(t, func(o *Options) { o.Fetch.Buffer = 1 << 10 })
		w := prepare(t, s)
		w.stuck = make(chan struct{})
		w.start()
		c.produce(t, 0, lines(1, 10)...)
		soon(t, "the lane is paused", func() bool { return len(s.group.PauseFetchPartitions(nil)) == 1 })
		w.end()
		if left := s.ours(); len(left) != 0 {
			t.Errorf("%d lanes are left", len(left))
		}
		if left := w.former(topic + "/0").(*lane); left.paused || !left.deaf {
			t.Errorf("the lane that was taken away: paused %v, deaf %v", left.paused, left.deaf)
		}
	})
}

// TestBrokerRestart: a broker that goes away is waited for, and said so.
func TestBrokerRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := kfake.DataDir(t.TempDir())
		c := newCluster(t, 1, data)
		c.produce(t, 0, lines(1, 10)...)
		w := join(t, c.open(t))
		soon(t, "all is read", func() bool { return len(w.payloads("")) == 10 && c.committed(t, 0) == 10 })
		c.Close()
		soon(t, "the wheel says so", func() bool { return len(w.warnings()) > 0 })
		var err error
		c.Cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(c.network.Listen), data, kfake.SleepOutOfOrder())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Cluster.Close)
		c.produce(t, 0, lines(11, 20)...)
		soon(t, "the rest is read", func() bool {
			got := w.payloads("")
			return len(got) >= 20 && slices.Equal(got[len(got)-10:], lines(11, 20))
		})
		if got := w.payloads(""); len(got) != 20 {
			t.Errorf("%d messages, want 20", len(got))
		}
	})
}

// TestRecreated: a topic that was deleted and made again is another one, and is read from its start.
func TestRecreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 10)...)
		w := join(t, c.open(t))
		soon(t, "all is read", func() bool { return len(w.payloads("")) == 10 && c.committed(t, 0) == 10 })
		before := w.running()[0].id
		if err := c.DeleteTopic(topic); err != nil {
			t.Fatal(err)
		}
		if err := c.CreateTopic(topic, 1, nil); err != nil {
			t.Fatal(err)
		}
		c.client.PurgeTopicsFromClient(topic)
		c.produce(t, 0, lines(11, 13)...)
		soon(t, "the new topic is read", func() bool { return len(w.payloads("")) == 13 })
		if after := w.running()[0].id; after.Incarnation == before.Incarnation || after.Lane != before.Lane {
			t.Errorf("the lane is %s, before it was %s", after, before)
		}
	})
}

// TestOtherCluster: a cluster that comes back with nothing of before has other topics.
func TestOtherCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2)
		c.produce(t, 0, lines(1, 10)...)
		w := join(t, c.open(t))
		soon(t, "all is read", func() bool { return len(w.payloads("")) == 10 && c.committed(t, 0) == 10 })
		c.Close()
		soon(t, "the wheel says so", func() bool { return len(w.warnings()) > 0 })
		var err error
		c.Cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(c.network.Listen), kfake.SeedTopics(2, topic), kfake.SleepOutOfOrder())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Cluster.Close)
		c.client.PurgeTopicsFromClient(topic)
		c.produce(t, 0, lines(11, 13)...)
		c.produce(t, 1, lines(14, 15)...)
		soon(t, "the other topic is read", func() bool { return len(w.payloads("")) == 15 })
	})
}

// TestRetention: what retention removed before it was read is reported.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 10)...)
		if err := c.DeleteRecords(topic, 0, 6); err != nil {
			t.Fatal(err)
		}
		w := joinAt(t, c.open(t), 3)
		soon(t, "what is left is read", func() bool { return slices.Equal(w.payloads(""), lines(7, 10)) })
		if got := strings.Join(w.warnings(), "\n"); !strings.Contains(got, "flights/0: offsets 3 to 5 were removed by retention") {
			t.Errorf("the wheel said %q", got)
		}
	})
}

// TestRewound: a log that goes back is another incarnation, and is read from where it is.
func TestRewound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 10)...)
		w := join(t, c.open(t))
		soon(t, "all is read", func() bool { return len(w.payloads("")) == 10 })
		before := w.running()[0].id
		l := w.source.lane(partition{c.topic, 0})
		again := kgo.FetchTopicPartition{Topic: topic, FetchPartition: kgo.FetchPartition{
			HighWatermark: 4, Records: []*kgo.Record{{Topic: topic, Offset: 3, Value: []byte("other")}},
		}}
		if l.put(again.Records, 4) {
			t.Fatal("an offset went back, and was taken")
		}
		w.source.rewound(t.Context(), l, again)
		soon(t, "what is there now is read", func() bool { return w.payloads("")[len(w.payloads(""))-1] == "other" })
		if after := w.running()[0].id; after.Incarnation != before.Incarnation+"~2" {
			t.Errorf("the lane is %s, before it was %s", after, before)
		}
	})
}

// TestShorter: at an assignment, a store or a group that knows more than the log has is not believed.
func TestShorter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 3)...)
		w := joinAt(t, c.open(t), 7)
		soon(t, "all that is there is read", func() bool { return slices.Equal(w.payloads(""), lines(1, 3)) })
		if id := w.running()[0].id; !strings.HasSuffix(id.Incarnation, "~2") {
			t.Errorf("the lane is %s, want another incarnation", id)
		}
	})
}

// TestGroupBehindTheEnd: so does a group that has committed more than the log has.
func TestGroupBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 3)...)
		offsets := kadm.Offsets{}
		offsets.AddOffset(c.topic, 0, 9, -1)
		if err := kadm.NewClient(c.client).CommitAllOffsets(t.Context(), c.group, offsets); err != nil {
			t.Fatal(err)
		}
		w := join(t, c.open(t))
		soon(t, "all that is there is read", func() bool { return slices.Equal(w.payloads(""), lines(1, 3)) })
		if got := strings.Join(w.warnings(), "\n"); !strings.Contains(got, "flights/0: the group has committed offset 9, the log ends at 3") {
			t.Errorf("the wheel said %q", got)
		}
		soon(t, "the group is set right", func() bool { return c.committed(t, 0) == 3 })
	})
}

// TestRefused: a lane that the wheel can't run is not read.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		c.produce(t, 0, lines(1, 3)...)
		w := prepare(t, c.open(t))
		w.refused = errors.New("no room")
		w.start()
		time.Sleep(time.Minute)
		if c.committed(t, 0) != -1 || len(w.payloads("")) != 0 {
			t.Errorf("read %q, committed %d", w.payloads(""), c.committed(t, 0))
		}
	})
}

func TestOpenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1)
		for want, change := range map[string]func(*Options){
			"kafka: topic flight: ":                      func(o *Options) { o.Topics = []string{"flight"} },
			"kafka: brokers localhost:9: unable to dial": func(o *Options) { o.Access.Brokers = []string{"localhost:9"} },
		} {
			s := c.open(t, change)
			_, err := s.Open(t.Context())
			if err == nil || !strings.HasPrefix(fmt.Sprint(err), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
