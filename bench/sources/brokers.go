package sources

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	stream     = "bench"
	partitions = 4 // of the Kafka topic
	starting   = 30 * time.Second
)

// fromNATS fills a stream with file storage on a server of this process.
func fromNATS(ctx context.Context, dir string, l *load) (_ *side, err error) {
	if dir, err = os.MkdirTemp(dir, "nats-"); err != nil {
		return nil, err
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.Start()
	side := &side{name: "nats", client: "nats.go consumer", load: l, close: func() error {
		s.Shutdown()
		s.WaitForShutdown()
		return os.RemoveAll(dir)
	}}
	if !s.ReadyForConnections(starting) {
		return nil, errors.Join(errors.New("the server does not get ready"), side.close())
	}
	side.source = func(round int) string {
		return fmt.Sprintf("nats: {url: %q, stream: %s, durable: wheel-%d}", s.ClientURL(), stream, round)
	}
	side.raw = func(ctx context.Context, round int) (int, error) {
		return consumeNATS(ctx, s.ClientURL(), fmt.Sprint("plain-", round), l.messages, run, nil)
	}
	side.each = func(ctx context.Context, round int) (int, error) {
		return consumeNATS(ctx, s.ClientURL(), fmt.Sprint("each-", round), l.messages, 1, nil)
	}
	side.hand = func(ctx context.Context, round int, k *keeper) (int, error) {
		return consumeNATS(ctx, s.ClientURL(), fmt.Sprint("hand-", round), l.messages, run, k)
	}
	if err := fillNATS(ctx, s.ClientURL(), l); err != nil {
		return nil, errors.Join(err, side.close())
	}
	return side, nil
}

func fillNATS(ctx context.Context, url string, l *load) error {
	c, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer c.Close()
	js, err := jetstream.New(c, jetstream.WithPublishAsyncMaxPending(1000))
	if err != nil {
		return err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: stream, Subjects: []string{stream}, Storage: jetstream.FileStorage}); err != nil {
		return err
	}
	if err := l.each(func(_ int, line []byte) error {
		_, err := js.PublishAsync(stream, line, jetstream.WithStallWait(starting))
		return err
	}); err != nil {
		return err
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-ctx.Done():
		return ctx.Err()
	}
	info, err := js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	if n := info.CachedInfo().State.Msgs; n != uint64(l.messages) {
		return fmt.Errorf("the stream took %d messages of %d", n, l.messages)
	}
	return nil
}

// run is how many messages share an acknowledgement, as with the source: here half of a pull.
const run = 500

// consumeNATS pulls, and acknowledges each run of messages at once, or each message by itself if that is 1, as most clients
// do. What has a keeper is kept before it is acknowledged.
func consumeNATS(ctx context.Context, url, durable string, want, run int, k *keeper) (n int, err error) {
	// A status that the server sends behind the last message may find nobody who waits for it. A message that is missing is
	// seen in the count.
	c, err := nats.Connect(url, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		return 0, err
	}
	policy := jetstream.AckAllPolicy
	if run == 1 {
		policy = jetstream.AckExplicitPolicy
	}
	consumer, err := js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{Durable: durable, AckPolicy: policy, MaxDeliver: -1, MaxAckPending: 20_000})
	if err != nil {
		return 0, err
	}
	it, err := consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(1000, 4<<20), jetstream.PullExpiry(5*time.Second), jetstream.PullHeartbeat(2*time.Second))
	if err != nil {
		return 0, err
	}
	defer it.Stop()
	for n < want {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return n, err
		}
		k.add(m.Data())
		if n++; n%run == 0 || n == want {
			if err := k.sync(); err != nil {
				return n, err
			}
			if err := m.Ack(); err != nil {
				return n, err
			}
		}
	}
	return n, c.FlushTimeout(starting)
}

// fromKafka fills a topic of a broker in this process.
func fromKafka(ctx context.Context, l *load) (*side, error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, stream))
	if err != nil {
		return nil, err
	}
	brokers := cluster.ListenAddrs()
	side := &side{
		name: "kafka", client: "franz-go consumer", load: l,
		source: func(round int) string {
			return fmt.Sprintf("kafka: {brokers: [%q], topics: [%s], group: wheel-%d}", strings.Join(brokers, `", "`), stream, round)
		},
		raw: func(ctx context.Context, round int) (int, error) {
			return consumeKafka(ctx, brokers, fmt.Sprint("plain-", round), l.messages, nil)
		},
		hand: func(ctx context.Context, round int, k *keeper) (int, error) {
			return consumeKafka(ctx, brokers, fmt.Sprint("hand-", round), l.messages, k)
		},
		close: func() error { cluster.Close(); return nil },
	}
	if err := fillKafka(ctx, brokers, l); err != nil {
		return nil, errors.Join(err, side.close())
	}
	return side, nil
}

func fillKafka(ctx context.Context, brokers []string, l *load) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(stream))
	if err != nil {
		return err
	}
	defer client.Close()
	failed := make(chan error, 1)
	if err := l.each(func(i int, line []byte) error {
		client.Produce(ctx, &kgo.Record{Key: []byte(l.key(i)), Value: line}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
		return nil
	}); err != nil {
		return err
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// consumeKafka polls in a group, and commits what it read, and kept if it has a keeper, each second and at its end.
func consumeKafka(ctx context.Context, brokers []string, group string, want int, k *keeper) (n int, err error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(stream), kgo.ConsumerGroup(group), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(8<<20), kgo.FetchMaxPartitionBytes(1<<20), kgo.FetchMaxWait(500*time.Millisecond), kgo.AutoCommitInterval(time.Second),
	)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	for n < want {
		f := client.PollFetches(ctx)
		if err := f.Err(); err != nil {
			return n, err
		}
		f.EachRecord(func(r *kgo.Record) { k.add(r.Value) })
		if err := k.sync(); err != nil {
			return n, err
		}
		n += f.NumRecords()
	}
	return n, client.CommitUncommittedOffsets(ctx)
}
