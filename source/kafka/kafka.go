package kafka

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/source"
)

// Source is a member of a consumer group. Make it with [New].
type Source struct {
	o     Options
	admin *kgo.Client // asks about topics; it is in no group
	group *kgo.Client // from Join on
	host  source.Host
	moves turn // a lane begins or ends
	order turn // a commit is under way, or a revocation decides what may be committed (K2)
	quiet quiet
	other chan string // topics that were made anew

	stop context.CancelFunc // of poll and commits
	wait sync.WaitGroup

	mu    sync.Mutex
	lanes map[partition]*lane     // that are ours
	ids   map[string]kadm.TopicID // of the topics that the group's client knows; it never takes another by itself
}

var _ source.Shared = (*Source)(nil)

// How long a request about the topics may take: at the start, at an assignment, at the end.
const (
	openTime  = 30 * time.Second
	askTime   = 10 * time.Second
	leaveTime = 5 * time.Second
)

// New makes a source; it reads the files of secrets, and connects to nothing.
func New(o Options) (*Source, error) {
	o.complete()
	s := &Source{o: o, moves: newTurn(), order: newTurn(), other: make(chan string, 1), lanes: map[partition]*lane{}, ids: map[string]kadm.TopicID{}, stop: func() {}}
	common, err := o.Access.Options()
	if err != nil {
		return nil, s.fail("access", err)
	}
	if s.admin, err = kgo.NewClient(common...); err != nil {
		return nil, s.fail("options", err)
	}
	return s, nil
}

// Open finds the partitions. The error says which broker can't be reached, or which topic is not there.
func (s *Source) Open(ctx context.Context) ([]source.Lane, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := s.admin.Ping(ctx); err != nil {
		return nil, s.fail("brokers "+strings.Join(s.o.Access.Brokers, ", "), unreachable(err))
	}
	topics, err := s.topics(ctx)
	if err != nil {
		return nil, err
	}
	var lanes []source.Lane
	for _, topic := range s.o.Topics {
		for _, number := range slices.Sorted(maps.Keys(topics[topic].Partitions)) {
			p := partition{topic, number}
			lanes = append(lanes, source.Rest(pelton.LaneID{Source: s.o.Name, Incarnation: incarnation(topics[topic].ID), Lane: p.lane()}))
		}
	}
	return lanes, nil
}

func unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s; is the address right, and is TLS or SASL missing? (%w)", openTime, err)
	}
	return err
}

// topics asks about the configured topics.
func (s *Source) topics(ctx context.Context) (kadm.TopicDetails, error) {
	topics, err := kadm.NewClient(s.admin).ListTopics(ctx, s.o.Topics...)
	if err != nil {
		return nil, s.fail("ask about the topics", err)
	}
	for _, name := range s.o.Topics {
		t, ok := topics[name]
		switch {
		case !ok:
			return nil, s.fail("topic "+name, errors.New("the cluster says nothing about it"))
		case errors.Is(t.Err, kerr.UnknownTopicOrPartition):
			return nil, s.fail("topic "+name, fmt.Errorf("the cluster does not have it; make it, or correct topics (%w)", t.Err))
		case t.Err != nil:
			return nil, s.fail("topic "+name, t.Err)
		case t.ID == kadm.TopicID{}:
			return nil, s.fail("topic "+name, errors.New("the cluster gives topics no id; Kafka 2.8 or newer does"))
		}
	}
	return topics, nil
}

// incarnation is a topic's id as Kafka's own tools write it.
func incarnation(id kadm.TopicID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// Join makes this process a member of the group.
func (s *Source) Join(_ context.Context, h source.Host) error { //nolint:contextcheck // the membership outlives the start
	s.host = h
	common, err := s.o.Access.Options()
	if err != nil {
		return s.fail("access", err)
	}
	s.moves.take() // no assignment comes before the client is there
	s.group, err = kgo.NewClient(s.client(common)...)
	s.moves.give()
	if err != nil {
		return s.fail("options", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.wait.Go(func() { s.poll(ctx) })
	s.wait.Go(func() { s.commits(ctx) })
	return nil
}

// poll hands what comes to its lanes, until ctx ends. It waits for no lane.
func (s *Source) poll(ctx context.Context) {
	for ctx.Err() == nil {
		fetches := s.group.PollRecords(ctx, pollRecords)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		fetches.EachError(func(topic string, number int32, err error) { s.trouble(partition{topic, number}, err) })
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			p := partition{f.Topic, f.Partition}
			if l := s.lane(p); l != nil && !l.put(f.Records, f.HighWatermark) {
				s.rewound(ctx, l, f)
			}
		})
	}
}

// pollRecords is how many records a poll takes at most, so that a lane is paused in time.
const pollRecords = 1 << 14

func (s *Source) lane(p partition) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lanes[p]
}

// share is how many bytes a lane may queue.
func (s *Source) share() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Fetch.Buffer / int64(max(1, len(s.lanes)))
}

// Close commits what is settled, leaves the group and ends. The host has ended its lanes.
func (s *Source) Close() error {
	s.stop()
	s.wait.Wait()
	if s.group != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
		defer cancel()
		if err := s.commit(ctx, s.ours()...); err != nil {
			s.host.Warn(err)
		}
		_ = s.group.LeaveGroupContext(ctx)
		s.group.CloseAllowingRebalance()
		s.leave(ctx)
		s.group = nil
	}
	s.admin.Close()
	return nil
}

// leave takes a named member out of the group, which would keep its partitions for it. If that fails the group finds out
// by itself, later.
func (s *Source) leave(ctx context.Context) {
	if s.o.Instance != "" {
		_, _ = kadm.NewClient(s.admin).LeaveGroup(ctx, kadm.LeaveGroup(s.o.Group).InstanceIDs(s.o.Instance))
	}
}

func (s *Source) ours() []*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	lanes := make([]*lane, 0, len(s.lanes))
	for _, l := range s.lanes {
		lanes = append(lanes, l)
	}
	return lanes
}
