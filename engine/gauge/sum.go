package gauge

import (
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/loop"
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
