package feed

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/faults/record"
)

const (
	topic      = "in"
	group      = "wheel"
	partitions = 4
)

// kafka produces to a topic of a cluster in this process. A message counts when the cluster has it.
type kafka struct {
	ledger  *record.Ledger
	cluster *kfake.Cluster
	client  *kgo.Client

	mu   sync.Mutex
	ends [partitions]uint64 // behind the last message of each partition
}

func (k *kafka) Start(_ string, l *record.Ledger, _ Way) (config string, err error) {
	k.ledger = l
	if k.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic)); err != nil {
		return "", err
	}
	brokers := k.cluster.ListenAddrs()
	if k.client, err = kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(topic)); err != nil {
		return "", err
	}
	return fmt.Sprintf(`kafka: {brokers: ["%s"], topics: [%s], group: %s}`, strings.Join(brokers, `", "`), topic, group), nil
}

func (k *kafka) Send(ctx context.Context, _ string, p Pace) error {
	return senders(ctx, p, func(_ context.Context, sender int) (bool, error) {
		return true, k.produce(k.ledger.Next(sender, p.Batch))
	})
}

// produce does not end with the wheel: what is begun is in the cluster or the run fails.
func (k *kafka) produce(all []record.Message) error {
	records := make([]*kgo.Record, len(all))
	for i, m := range all {
		records[i] = &kgo.Record{Key: []byte(m.Key()), Value: m.AppendTo(nil)}
	}
	results := k.client.ProduceSync(context.Background(), records...)
	if err := results.FirstErr(); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range results {
		k.ends[r.Record.Partition] = max(k.ends[r.Record.Partition], uint64(r.Record.Offset)+1)
	}
	return k.ledger.Acknowledge(all)
}

// Storm has another member of the wheel's group take its share of the partitions, read and settle nothing, and leave.
func (k *kafka) Storm(ctx context.Context) error {
	assigned := make(chan struct{}, 1)
	other, err := kgo.NewClient(
		kgo.SeedBrokers(k.cluster.ListenAddrs()...), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.DisableAutoCommit(), kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, all map[string][]int32) {
			if len(all[topic]) > 0 {
				select {
				case assigned <- struct{}{}:
				default:
				}
			}
		}))
	if err != nil {
		return err
	}
	defer other.Close()
	go func() { // a member that does not poll is no member; ends with the client
		for {
			if f := other.PollRecords(ctx, 1); f.IsClientClosed() || ctx.Err() != nil {
				return
			}
		}
	}()
	select {
	case <-assigned:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the other member of the group gets no partition: %w", context.Cause(ctx))
	}
}

// Read reports whether every partition is settled up to its end. Lanes that the group has not given back yet are missing.
func (k *kafka) Read(s api.SourceStats) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	done := 0
	for _, lane := range s.Lanes {
		for p, end := range k.ends {
			if lane.Lane == fmt.Sprintf("%s/%d", topic, p) && lane.Watermark >= end {
				done++
			}
		}
	}
	return done == partitions
}

func (k *kafka) Close() error {
	k.client.Close()
	k.cluster.Close()
	return nil
}
