package decode

import "sync/atomic"

// Stats count what went through a decoder since it was made.
type Stats struct {
	Frames   uint64    // messages handed over
	Bytes    uint64    // payload bytes of them
	Bad      BadCounts // frames that are no message
	BadTimes uint64    // messages with a time that does not parse, or without one though it is configured
	NoKey    uint64    // messages without a key though one is configured
}

// BadCounts are the bad frames by reason.
type BadCounts struct {
	TooLarge  uint64 // over MaxMessage
	UTF8      uint64 // text that is not UTF-8
	JSON      uint64 // not one JSON value
	CSV       uint64 // not a record, or not of the header's width
	Truncated uint64 // a length-prefixed frame that ends too early
}

// Total is all of them.
func (b BadCounts) Total() uint64 { return b.TooLarge + b.UTF8 + b.JSON + b.CSV + b.Truncated }

// counters are Stats as other goroutines may read them. The reader counts in a plain Stats and publishes it when it
// flushes: an atomic addition for each message would cost as much as locating a field.
type counters struct {
	frames, bytes, badTimes, noKey       atomic.Uint64
	tooLarge, utf8, json, csv, truncated atomic.Uint64
}

// Stats are the figures as of the last flush. It may be called from any goroutine.
func (d *Decoder) Stats() Stats {
	c := &d.stats
	return Stats{
		Frames: c.frames.Load(), Bytes: c.bytes.Load(), BadTimes: c.badTimes.Load(), NoKey: c.noKey.Load(),
		Bad: BadCounts{
			TooLarge: c.tooLarge.Load(), UTF8: c.utf8.Load(), JSON: c.json.Load(), CSV: c.csv.Load(), Truncated: c.truncated.Load(),
		},
	}
}

func (d *Decoder) publish() {
	c, t := &d.stats, &d.tally
	c.frames.Store(t.Frames)
	c.bytes.Store(t.Bytes)
	c.badTimes.Store(t.BadTimes)
	c.noKey.Store(t.NoKey)
	c.tooLarge.Store(t.Bad.TooLarge)
	c.utf8.Store(t.Bad.UTF8)
	c.json.Store(t.Bad.JSON)
	c.csv.Store(t.Bad.CSV)
	c.truncated.Store(t.Bad.Truncated)
}
