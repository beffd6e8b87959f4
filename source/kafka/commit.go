package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commits tells the group what is settled, again and again until ctx ends, and takes topics that were made anew.
func (s *Source) commits(ctx context.Context) {
	tick := time.NewTicker(s.o.Commit)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case topic := <-s.other:
			s.anew(topic)
			continue
		case <-ctx.Done():
			return
		}
		limited, cancel := context.WithTimeout(ctx, askTime)
		err := s.commit(limited, s.ours()...)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.warn(err)
		}
	}
}

// commit tells the group how far those of the lanes are settled that are ours. Commits and revocations exclude each
// other: what is found here to be ours stays so until the answer (K2).
func (s *Source) commit(ctx context.Context, lanes ...*lane) error {
	s.order.take()
	defer s.order.give()
	due := map[*lane]uint64{}
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for _, l := range lanes {
		w, ok := l.due()
		if !ok {
			continue
		}
		due[l] = w
		if offsets[l.part.topic] == nil {
			offsets[l.part.topic] = map[int32]kgo.EpochOffset{}
		}
		offsets[l.part.topic][l.part.number] = kgo.EpochOffset{Epoch: -1, Offset: int64(w)}
	}
	if len(due) == 0 {
		return nil
	}
	var errs error
	s.group.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			errs = err
			return
		}
		failed := map[partition]error{}
		for _, t := range answer.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed[partition{t.Topic, p.Partition}] = err
				}
			}
		}
		for l, w := range due {
			if err := failed[l.part]; err != nil {
				errs = errors.Join(errs, fmt.Errorf("%s: %w", l.id.Lane, err))
				continue
			}
			l.committed(w)
		}
	})
	if errs != nil {
		return s.fail("commit to group "+s.o.Group, errs)
	}
	return nil
}

// quietTime is how long the same trouble is not told again.
const quietTime = 10 * time.Second

// quiet tells trouble that goes on now and then only.
type quiet struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (q *quiet) tells(text string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at, ok := q.last[text]; ok && now.Sub(at) < quietTime {
		return false
	}
	if len(q.last) > 100 {
		q.last = nil
	}
	if q.last == nil {
		q.last = map[string]time.Time{}
	}
	q.last[text] = now
	return true
}

func (s *Source) warn(err error) {
	if s.quiet.tells(err.Error(), time.Now()) {
		s.host.Warn(err)
	}
}

// dials hears of brokers that can't be reached: the client goes on trying and says nothing.
type dials struct{ s *Source }

var _ kgo.HookBrokerConnect = dials{}

// OnBrokerConnect implements the client's hook.
func (d dials) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		d.s.warn(d.s.fail(fmt.Sprintf("broker %s:%d", meta.Host, meta.Port), err))
	}
}
