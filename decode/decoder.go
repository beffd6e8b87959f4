package decode

import (
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// keep is how much of a frame that is Bad is kept for its dead letter.
const keep = 64 << 10

// none is the slot of a key or time that is not configured.
const none = -1

// Decoder turns the bytes of one lane into frames. One goroutine uses it, the lane's reader; see the package's doc.
type Decoder struct {
	lane *arena.Lane
	id   *pelton.LaneID
	out  Out
	now  func() time.Time

	format format
	cut    cutter
	max    int // bytes of the largest payload

	window  window      // the block being filled
	record  Record      // of a frame of the stream: positions and nothing else
	lent    arena.Frame // scratch: the frame that is committed
	skip    *skip       // the frame being skipped, if any
	at      uint64      // position in the stream of the byte at window.start
	handed  uint64      // Next of the last frame that was handed over
	arrived time.Time   // when the bytes at hand were read
	tally   Stats       // this goroutine's; Stats reads what publish copied
	stats   counters
}

// format is how a frame becomes a message: what locates the fields, and which of them are the key and the time.
type format struct {
	name  Format
	names []string // of the located fields that go with a message
	json  *scanner // for JSON
	table *table   // for CSV
	key   int      // slot, or none
	time  int      // slot, or none
	clock *clock
	text  []byte // scratch: a time without its escapes
}

// New builds the decoder of one lane: it reads into lane and hands frames of id to out. now is asked once a read, for
// the arrival time.
func New(c Config, lane *arena.Lane, id *pelton.LaneID, out Out, now func() time.Time) (*Decoder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	f, err := newFormat(c)
	if err != nil {
		return nil, err
	}
	return &Decoder{
		lane: lane, id: id, out: out, now: now,
		format: f,
		cut:    cutter{framing: c.framing(), table: f.table},
		max:    int(c.maxMessage()),
	}, nil
}

func newFormat(c Config) (format, error) {
	f := format{name: c.format(), names: c.Fields, key: none, time: none}
	names := append([]string(nil), c.Fields...)
	if c.Key != "" {
		f.key, names = slot(names, c.Key)
	}
	if c.Time.Field != "" {
		f.time, names = slot(names, c.Time.Field)
		k, err := newClock(c.Time)
		if err != nil {
			return format{}, fmt.Errorf("decode.time.zone %q: %w", c.Time.Zone, err)
		}
		f.clock = k
	}
	switch f.name {
	case JSON:
		paths := make([][]string, len(names))
		for i, name := range names {
			paths[i] = strings.Split(name, ".")
		}
		f.json = newScanner(paths)
	case CSV:
		f.table = newTable(names)
	case Raw:
	}
	return f, nil
}

// slot is the place of name among names, added if it is not there.
func slot(names []string, name string) (int, []string) {
	for i, n := range names {
		if n == name {
			return i, names
		}
	}
	return len(names), append(names, name)
}

// Position is where the stream goes on behind everything that was handed over or skipped.
func (d *Decoder) Position() uint64 { return d.at }

// Handed is the Next of the last frame that was handed over, 0 before the first: once it is settled, all is.
func (d *Decoder) Handed() uint64 { return d.handed }

// Reset gives the block in use back to the arena. A source calls it when it stops reading; it may be called again.
func (d *Decoder) Reset() {
	d.window.release(d.lane)
	d.publish()
}
