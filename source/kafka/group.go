package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// turn lets one at a time go on. It is a mutex that a test's fake time sees through.
type turn chan struct{}

func newTurn() turn  { return make(turn, 1) }
func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// assigned begins the lanes of partitions that are ours now, before they are fetched.
func (s *Source) assigned(ctx context.Context, _ *kgo.Client, given map[string][]int32) {
	s.moves.take()
	defer s.moves.give()
	if len(given) == 0 {
		return
	}
	topics, logs, err := s.look(ctx)
	if err != nil { // the client is being closed
		return
	}
	for topic, numbers := range given {
		if !s.knows(topic, topics[topic].ID) {
			select {
			case s.other <- topic: // not done here, where it would wait for itself
			default: // it is on its way
			}
			continue
		}
		for _, number := range numbers {
			p := partition{topic, number}
			s.begin(ctx, s.newLane(p, incarnation(topics[topic].ID), logs[p]))
		}
	}
}

// knows reports whether a topic is the one that the client began with.
func (s *Source) knows(topic string, id kadm.TopicID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, ok := s.ids[topic]
	if !ok {
		s.ids[topic] = id
	}
	return !ok || first == id
}

// anew makes the client forget a topic that was deleted and made again, and take the new one: its partitions are taken
// away, and come again.
func (s *Source) anew(topic string) {
	s.mu.Lock()
	delete(s.ids, topic)
	s.mu.Unlock()
	s.group.PurgeTopicsFromConsuming(topic)
	s.group.AddConsumeTopics(topic)
}

// begin runs a lane and makes it one of ours. Whoever calls it has the moves.
func (s *Source) begin(ctx context.Context, l *lane) {
	s.mu.Lock()
	s.lanes[l.part] = l
	s.mu.Unlock()
	if err := s.host.Begin(ctx, l); err != nil {
		s.forget(l)
	}
}

func (s *Source) forget(lanes ...*lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lanes {
		if s.lanes[l.part] == l {
			delete(s.lanes, l.part)
		}
	}
}

// look asks what the topics' ids and logs are now, as often as that takes.
func (s *Source) look(ctx context.Context) (kadm.TopicDetails, map[partition]span, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 5*time.Second
	for {
		topics, logs, err := s.ask(ctx)
		if err == nil {
			return topics, logs, nil
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		s.warn(err)
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (s *Source) ask(ctx context.Context) (kadm.TopicDetails, map[partition]span, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	topics, err := s.topics(ctx)
	if err != nil {
		return nil, nil, err
	}
	a := kadm.NewClient(s.admin)
	starts, err := a.ListStartOffsets(ctx, s.o.Topics...)
	if err != nil {
		return nil, nil, s.fail("ask where the topics start", err)
	}
	ends, err := a.ListEndOffsets(ctx, s.o.Topics...)
	if err != nil {
		return nil, nil, s.fail("ask where the topics end", err)
	}
	logs := map[partition]span{}
	ends.Each(func(end kadm.ListedOffset) {
		start, ok := starts.Lookup(end.Topic, end.Partition)
		if ok && start.Err == nil && end.Err == nil { // else it is not known
			logs[partition{end.Topic, end.Partition}] = span{start.Offset, end.Offset}
		}
	})
	return topics, logs, nil
}

// places says from where the new partitions are fetched (K1); offsets are what the group has committed, or where it
// begins.
func (s *Source) places(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	var fresh []*lane
	for topic, numbers := range offsets {
		for number, offset := range numbers {
			l := s.lane(partition{topic, number})
			if l == nil { // its lane does not run
				continue
			}
			select {
			case <-l.begun:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			at, keep := s.place(l, offset)
			if keep {
				fresh = append(fresh, l)
			}
			numbers[number] = at
		}
	}
	if len(fresh) == 0 {
		return offsets, nil
	}
	return offsets, s.commit(ctx, fresh...)
}

// place is where a lane is fetched from. keep: nobody has noted that place yet, and it must be, since it would be another
// one after a restart: the end of the log as it is now.
func (s *Source) place(l *lane, committed kgo.Offset) (at kgo.Offset, keep bool) {
	known := int64(l.from)
	l.Settled(l.from) // the group may not know yet
	if group := committed.EpochOffset().Offset; group > known {
		if l.log == (span{}) || group <= l.log.end {
			known = group
			l.committed(uint64(group))
		} else {
			s.warn(fmt.Errorf("%s: the group has committed offset %d, the log ends at %d: messages are lost there", l.id.Lane, group, l.log.end))
		}
	}
	switch {
	case known == 0 && s.o.Latest && l.log != span{}:
		known = l.log.end
		l.Settled(uint64(known))
		keep = known > 0
	case known == 0:
		return committed, false
	case known < l.log.start:
		s.warn(fmt.Errorf("%s: offsets %d to %d were removed by retention before they were read", l.id.Lane, known, l.log.start-1))
		known = l.log.start
	}
	return kgo.NewOffset().At(known), keep
}

// revoked ends the lanes of partitions that become another member's, then commits how far they came (K2).
func (s *Source) revoked(ctx context.Context, _ *kgo.Client, taken map[string][]int32) {
	s.moves.take()
	defer s.moves.give()
	lanes := s.end(ctx, taken)
	if len(lanes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := s.commit(ctx, lanes...); err != nil {
		s.warn(err)
	}
	s.giveUp(lanes)
	s.forget(lanes...)
}

// lost ends the lanes of partitions that may be another member's already: nothing can be committed.
func (s *Source) lost(ctx context.Context, _ *kgo.Client, taken map[string][]int32) {
	s.moves.take()
	defer s.moves.give()
	var lanes []*lane
	for topic, numbers := range taken {
		for _, number := range numbers {
			if l := s.lane(partition{topic, number}); l != nil {
				lanes = append(lanes, l)
			}
		}
	}
	s.giveUp(lanes)
	s.end(ctx, taken)
	s.forget(lanes...)
}

// giveUp is not done while a commit is under way, nor is a commit begun in its midst.
func (s *Source) giveUp(lanes []*lane) {
	s.order.take()
	defer s.order.give()
	for _, l := range lanes {
		l.giveUp()
	}
}

// end ends the lanes of those partitions, side by side, and returns them.
func (s *Source) end(ctx context.Context, taken map[string][]int32) []*lane {
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Drain, errors.New("its partition was taken away, and drain is over"))
	defer cancel()
	var lanes []*lane
	var wait sync.WaitGroup
	for topic, numbers := range taken {
		for _, number := range numbers {
			l := s.lane(partition{topic, number})
			if l == nil {
				continue
			}
			lanes = append(lanes, l)
			l.deafen()
			wait.Go(func() { s.host.End(ctx, l) })
		}
	}
	wait.Wait()
	return lanes
}

// rewound begins a lane again whose offsets went back: the cluster has lost the end of the log.
func (s *Source) rewound(ctx context.Context, l *lane, f kgo.FetchTopicPartition) {
	s.moves.take()
	defer s.moves.give()
	if s.lane(l.part) != l {
		return // it was taken away meanwhile
	}
	s.warn(fmt.Errorf("%s: the log went back to offset %d: the cluster has lost messages", l.id.Lane, f.Records[0].Offset))
	s.end(ctx, l.part.only())
	s.giveUp([]*lane{l})
	s.forget(l)
	if ctx.Err() != nil {
		return
	}
	next := s.newLane(l.part, l.id.Incarnation, span{})
	next.anew = true
	s.begin(ctx, next)
	next.put(f.Records, f.HighWatermark)
}

// trouble reports what the client tries again by itself, but for a topic that was made anew: it is asked for again.
func (s *Source) trouble(p partition, err error) {
	if p.topic == "" {
		s.warn(s.fail("group "+s.o.Group, err))
		return
	}
	s.warn(s.fail(p.lane(), err))
	if errors.Is(err, kerr.UnknownTopicID) {
		s.anew(p.topic)
	}
}
