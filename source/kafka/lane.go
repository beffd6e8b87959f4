package kafka

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// partition names a partition.
type partition struct {
	topic  string
	number int32
}

func (p partition) lane() string { return fmt.Sprintf("%s/%d", p.topic, p.number) }

func (p partition) only() map[string][]int32 { return map[string][]int32{p.topic: {p.number}} }

// lane is a partition while it is ours. A partition that comes back is a new lane.
type lane struct {
	source *Source
	part   partition
	id     pelton.LaneID
	log    span // when it began
	anew   bool // the log was seen to go back: it is another incarnation whatever its end is now

	begun chan struct{} // closed when the first Read said from where
	from  uint64        // set before begun is closed
	wake  chan struct{} // one token: there is something to read

	mu sync.Mutex
	inbox
	progress
}

// inbox is what comes to a lane.
type inbox struct {
	queue  []*kgo.Record // polled, not handed over
	bytes  int64         // of the queue
	paused bool
	deaf   bool   // it takes no more: it is being taken away
	next   int64  // behind the last record that was polled
	end    uint64 // of the log
}

// progress is how far a lane came.
type progress struct {
	settled uint64 // watermark
	sent    uint64 // watermark that is committed
	revoked bool   // it is another member's: nothing is committed any more (K2)
}

var (
	_ source.Lane    = (*lane)(nil)
	_ source.Renewer = (*lane)(nil)
	_ source.Sized   = (*lane)(nil)
)

// span is what a log has: from its first offset to behind its last. The zero span is not known.
type span struct{ start, end int64 }

func (s *Source) newLane(p partition, incarnation string, log span) *lane {
	return &lane{
		source: s, part: p, id: pelton.LaneID{Source: s.o.Name, Incarnation: incarnation, Lane: p.lane()}, log: log,
		begun: make(chan struct{}), wake: make(chan struct{}, 1), inbox: inbox{end: uint64(max(0, log.end))},
	}
}

func (l *lane) ID() pelton.LaneID { return l.id }

func (l *lane) Endless() bool { return true }

// Renewed reports that the log ends before a position that was read already: the cluster has lost messages, and gives
// their offsets to others.
func (l *lane) Renewed(position uint64) bool {
	return l.anew || l.log != span{} && position > uint64(l.log.end)
}

// Size is where the log ended at the last poll.
func (l *lane) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// Settled notes a watermark; it is committed soon, as long as the lane is ours (K2).
func (l *lane) Settled(watermark uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = max(l.settled, watermark)
}

// due is a watermark that is not committed yet.
func (l *lane) due() (watermark uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled, !l.revoked && l.settled > l.sent
}

func (l *lane) committed(watermark uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = max(l.sent, watermark)
}

// giveUp makes the lane another member's.
func (l *lane) giveUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked = true
}

// begin says, once, from where this store goes on.
func (l *lane) begin(from uint64) {
	select {
	case <-l.begun:
	default:
		l.from = from
		close(l.begun)
	}
}

// Read hands over what is polled, from offset from on.
func (l *lane) Read(ctx context.Context, from uint64, d *decode.Decoder) error {
	defer d.Reset()
	l.begin(from)
	for {
		r := l.head()
		if r == nil {
			if err := d.Flush(ctx); err != nil {
				return err
			}
			select {
			case <-l.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		if uint64(r.Offset) >= from {
			if err := d.Message(ctx, l.source.record(r)); err != nil {
				return err
			}
			from = uint64(r.Offset) + 1
		}
		l.taken()
	}
}

// record is a message of the client as the decoder takes it, which copies the bytes.
func (s *Source) record(r *kgo.Record) decode.Record {
	meta := pelton.Meta{}
	if r.Timestamp.UnixMilli() > 0 {
		meta.Time = r.Timestamp.UTC()
	}
	for _, h := range r.Headers {
		meta.Headers = append(meta.Headers, pelton.Header{Name: h.Key, Value: string(h.Value)})
		if strings.EqualFold(h.Key, "traceparent") {
			meta.Trace = string(h.Value)
		}
	}
	key := r.Key
	if s.o.KeyField {
		key = nil
	}
	return decode.Record{Position: uint64(r.Offset), Next: uint64(r.Offset) + 1, Key: key, Payload: r.Value, Meta: meta}
}

// overhead is what a message in a queue is charged with beside its bytes.
const overhead = 256

func sizeOf(r *kgo.Record) int64 {
	n := len(r.Key) + len(r.Value) + overhead
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return int64(n)
}

// put takes what was polled. false: its offsets go back, so the log is another one, and nothing was taken.
func (l *lane) put(records []*kgo.Record, end int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = uint64(max(0, end))
	if l.deaf || len(records) == 0 {
		return true
	}
	if records[0].Offset < l.next {
		return false
	}
	for _, r := range records {
		l.bytes += sizeOf(r)
	}
	l.queue = append(l.queue, records...)
	l.next = records[len(records)-1].Offset + 1
	if !l.paused && l.bytes >= l.source.share() {
		l.paused = true
		l.source.group.PauseFetchPartitions(l.part.only())
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

// head is the first record that was not handed over; nil when there is none.
func (l *lane) head() *kgo.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil
	}
	return l.queue[0]
}

// taken forgets the head, and lets the partition come again once half of the room is free.
func (l *lane) taken() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 { // it was taken away meanwhile
		return
	}
	l.bytes -= sizeOf(l.queue[0])
	l.queue[0] = nil
	l.queue = l.queue[1:]
	if l.paused && l.bytes <= l.source.share()/2 {
		l.resume()
	}
}

// resume lets the partition come again. The lock is held, so that no pause overtakes it.
func (l *lane) resume() {
	l.paused = false
	l.source.group.ResumeFetchPartitions(l.part.only())
}

// deafen drops what is queued, which the partition's next owner gets, and takes no more.
func (l *lane) deafen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf, l.queue, l.bytes = true, nil, 0
	if l.paused { // the client remembers it beyond the assignment
		l.resume()
	}
}
