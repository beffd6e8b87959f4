package gauge

import (
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/store"
)

// Add adds the counts of one lane to those of others.
func Add(sum, c *delivery.PluginCounts) {
	sum.Offered += c.Offered
	sum.Acked += c.Acked
	sum.Retried += c.Retried
	sum.Deferred += c.Deferred
	sum.Held += c.Held
	sum.Awaited += c.Awaited
	sum.Dead += c.Dead
	sum.Dropped += c.Dropped
	sum.Faults += c.Faults
	sum.Emits += c.Emits
	sum.Discarded += c.Discarded
}

// Arena is the figures of an arena.
func Arena(name string, a *arena.Arena) api.ArenaStats {
	s := a.Stats()
	return api.ArenaStats{
		Name: name, Size: uint64(s.Size), Used: uint64(s.BytesUsed), HighWater: uint64(s.HighWater), Slots: uint64(s.Slots), Waits: s.Waits,
	}
}

// Sink is the figures of a sink.
func Sink(name string, s sink.Stats) api.SinkStats {
	row := api.SinkStats{Name: name, State: "running", Written: s.Written, Bytes: s.Bytes, Queued: uint64(s.Queued), Retries: s.Retries}
	if s.Waiting {
		row.State = "waiting"
	}
	if s.LastError != nil {
		row.LastError = s.LastError.Error()
	}
	return row
}

// Store is the figures of the store in a directory.
func Store(dir string, s store.Stats) api.StoreStats {
	out := api.StoreStats{
		Dir: dir, Bytes: uint64(s.Bytes), MaxBytes: uint64(s.MaxBytes), FreeDisk: uint64(s.Free), Full: s.Full != "", Reason: s.Full,
		Commits: s.Commits, Records: s.Records,
	}
	if s.Err != nil {
		out.Reason = s.Err.Error()
	}
	return out
}

// Sum adds the figures of a lane to those of others that are over.
func Sum(sum, s *loop.Stats) {
	sum.Counts.Admitted += s.Counts.Admitted
	sum.Counts.Bad += s.Counts.Bad
	sum.Counts.Keyless += s.Counts.Keyless
	sum.Counts.Unread += s.Counts.Unread
	sum.Decoded.Bytes += s.Decoded.Bytes
	if sum.Counts.Plugins == nil {
		sum.Counts.Plugins = append(sum.Counts.Plugins, s.Counts.Plugins...)
		return
	}
	for i := range s.Counts.Plugins {
		Add(&sum.Counts.Plugins[i], &s.Counts.Plugins[i])
	}
}
