package kafka

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton/internal/kafka"
)

// Defaults of the options.
const (
	DefaultMaxBytes       = 8 << 20
	DefaultPartitionBytes = 1 << 20
	DefaultBuffer         = 32 << 20
	DefaultBatchBytes     = 64 << 20
	DefaultWait           = 500 * time.Millisecond
	DefaultCommit         = time.Second
	DefaultDrain          = 10 * time.Second
)

// Options of a source. Name, Access, Topics and Group are required; the zero value of any other is its default.
type Options struct {
	Name   string
	Access kafka.Access
	Topics []string
	Group  string
	Latest bool // where a group begins that has no committed offset: at the end, not at the start
	Fetch  Fetch
	Commit time.Duration // between two commits
	Drain  time.Duration // how long a lane that is taken away may finish what is being handled
	// Instance names this process in the group, the same after a restart: it then has its partitions back at once, also
	// after a kill, which the group would notice only when the session times out. Empty: it has no name.
	Instance string
	// KeyField says that the decoder finds the key in the payload: then the record's own key is not used.
	KeyField bool
}

// Fetch bounds what is on its way from the brokers (A2), compressed but for Buffer. A batch that is larger than a limit
// still comes, alone.
type Fetch struct {
	MaxBytes       int32 // of a response; one response of each broker may be under way
	PartitionBytes int32 // of a partition in a response
	Buffer         int64 // of all messages that wait for their lanes, by share: a lane that has more is paused, after the response at hand
	BatchBytes     int32 // that one batch is decompressed to; a larger one stops its partition, with a warning
	Wait           time.Duration
}

func (o *Options) complete() {
	f := &o.Fetch
	if f.MaxBytes == 0 {
		f.MaxBytes = DefaultMaxBytes
	}
	if f.PartitionBytes == 0 {
		f.PartitionBytes = DefaultPartitionBytes
	}
	if f.Buffer == 0 {
		f.Buffer = DefaultBuffer
	}
	if f.BatchBytes == 0 {
		f.BatchBytes = DefaultBatchBytes
	}
	if f.Wait == 0 {
		f.Wait = DefaultWait
	}
	if o.Commit == 0 {
		o.Commit = DefaultCommit
	}
	if o.Drain == 0 {
		o.Drain = DefaultDrain
	}
}

// rebalance is what a member may take to give up its partitions, with room beside the drain for the commit.
func (o *Options) rebalance() time.Duration { return max(time.Minute, 2*o.Drain) }

// client are the options of the group's client.
func (s *Source) client(common []kgo.Opt) []kgo.Opt {
	o, begin := &s.o, kgo.NewOffset().AtStart()
	if o.Latest {
		begin = kgo.NewOffset().AtEnd()
	}
	if o.Instance != "" {
		common = append(common, kgo.InstanceID(o.Instance))
	}
	return append(common,
		kgo.ConsumeTopics(o.Topics...),
		kgo.ConsumerGroup(o.Group),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.RebalanceTimeout(o.rebalance()),
		kgo.DisableAutoCommit(),
		kgo.ConsumeStartOffset(begin),
		// An offset that the log does not have any more: what is left is read from its start, however a group begins.
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxBytes(o.Fetch.MaxBytes),
		kgo.FetchMaxPartitionBytes(o.Fetch.PartitionBytes),
		kgo.MaxDecompressBatchBytes(int(o.Fetch.BatchBytes)),
		kgo.FetchMaxWait(o.Fetch.Wait),
		kgo.BrokerMaxReadBytes(max(100<<20, 2*o.Fetch.MaxBytes)),
		kgo.OnPartitionsAssigned(s.assigned),
		kgo.AdjustFetchOffsetsFn(s.places),
		kgo.OnPartitionsRevoked(s.revoked),
		kgo.OnPartitionsLost(s.lost),
		kgo.WithHooks(dials{s}),
	)
}

func (s *Source) fail(what string, err error) error {
	return fmt.Errorf("kafka: %s: %w", what, err)
}
