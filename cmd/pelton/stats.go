package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/spf13/cobra"
)

// statsCommand is `pelton stats`.
func (a *app) statsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "stats",
		Short: "Print the figures of the running wheel",
		Long: `Print the figures of the running wheel, once: what it read, what its plugins decided, what
waits and why. Counters count from the start of the process.`,
		Example: `  pelton stats
  pelton stats --json | jq '.sources[0].state'`,
		Args: args(0, 0, "nothing"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(func(w *client.Client) error {
				s, err := w.Stats(c.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(whole(s))
				}
				a.figures(s)
				return nil
			})
		},
	}
	return a.wheelFlags(a.jsonFlag(c))
}

// whole makes empty lists [] and empty counts {}.
func whole(s api.Stats) api.Stats {
	s.Sources, s.Arenas, s.Plugins, s.Sessions, s.Sinks = list(s.Sources), list(s.Arenas), list(s.Plugins), list(s.Sessions), list(s.Sinks)
	for i := range s.Sources {
		s.Sources[i].Lanes, s.Sources[i].Waited = list(s.Sources[i].Lanes), counts(s.Sources[i].Waited)
	}
	for i := range s.Plugins {
		s.Plugins[i].Faults, s.Plugins[i].Dropped = counts(s.Plugins[i].Faults), counts(s.Plugins[i].Dropped)
	}
	s.Lot.ByKind, s.Config.Outcomes = counts(s.Lot.ByKind), counts(s.Config.Outcomes)
	return s
}

func counts(m map[string]uint64) map[string]uint64 {
	if m == nil {
		return map[string]uint64{}
	}
	return m
}

// figures prints the figures for people, a table for each kind of box.
func (a *app) figures(s api.Stats) {
	state := "running"
	switch {
	case s.Paused != "":
		state = "paused: " + s.Paused
	case s.Settled:
		state = "settled"
	}
	due := ""
	if !s.Lot.NextDue.IsZero() {
		due = ", next due " + when(s.Lot.NextDue, time.Now())
	}
	a.pairs("state", state, "up", short(s.Uptime), "version", s.Version,
		"memory", fmt.Sprintf("%s resident, %s heap", bytesOf(s.Memory.RSS), bytesOf(s.Memory.Heap)),
		"store", strings.TrimSuffix(fmt.Sprintf("%s, %s free; %s", bytesOf(s.Store.Bytes), bytesOf(s.Store.FreeDisk), s.Store.Reason), "; "),
		"waiting", fmt.Sprintf("%d parked%s; %d dead", s.Lot.Parked, due, s.Lot.Dead))
	section(a, "SOURCE STATE MESSAGES RATE BYTES BAD REASON", s.Sources, func(x api.SourceStats) []string {
		return []string{x.Name, x.State, u(x.Messages), fmt.Sprintf("%.0f/s", x.Rate), bytesOf(x.Bytes), u(x.Bad), x.Reason}
	})
	section(a, "QUEUE WAITING MAX REFUSED WAITS KNOWN DENIED", queued(s.Sources), func(x api.SourceStats) []string {
		return []string{x.Name, bytesOf(x.Queue.Bytes), bytesOf(x.Queue.Limit), u(x.Queue.Refused), u(x.Queue.Waits), u(x.Queue.Known), u(x.Queue.Denied)}
	})
	section(a, "ARENA USED SIZE HIGH SLOTS WAITS", s.Arenas, func(x api.ArenaStats) []string {
		return []string{x.Name, bytesOf(x.Used), bytesOf(x.Size), bytesOf(x.HighWater), u(x.Slots), u(x.Waits)}
	})
	section(a, "PLUGIN STATE REVISION ACKED RETRIED DEFERRED DEAD HELD EMITS QUEUED FAULTS", s.Plugins, func(x api.PluginStats) []string {
		return []string{x.Name, x.State, strconv.Itoa(x.Revision), u(x.Acked), u(x.Retried), u(x.Deferred), u(x.Dead), u(x.Held), u(x.Emits), u(x.Queued), kindsOf(x.Faults)}
	})
	section(a, "PLUGIN BEHIND STOPPED", granted(s.Plugins, func(x *api.PluginStats) bool { return x.Behind > 0 || x.Stopped != "" }), func(x api.PluginStats) []string {
		return []string{x.Name, u(x.Behind), orDash(x.Stopped)}
	})
	section(a, "PLUGIN KV KEYS MAX", granted(s.Plugins, func(x *api.PluginStats) bool { return x.KV != nil }), func(x api.PluginStats) []string {
		return []string{x.Name, bytesOf(x.KV.Bytes), u(x.KV.Keys), bytesOf(x.KV.MaxBytes)}
	})
	section(a, "PLUGIN REQUESTS FLIGHT QUEUED", granted(s.Plugins, func(x *api.PluginStats) bool { return x.HTTP != nil }), func(x api.PluginStats) []string {
		return []string{x.Name, kindsOf(x.HTTP.Outcomes), strconv.Itoa(x.HTTP.InFlight), strconv.Itoa(x.HTTP.Queued)}
	})
	section(a, "SESSION KEYS SNAPSHOTS FOLLOWERS QUEUED", s.Sessions, func(x api.SessionStats) []string {
		return []string{x.Name, u(x.Sessions), u(x.Snapshots), strconv.Itoa(x.Followers), bytesOf(x.Queued)}
	})
	section(a, "SESSION BLOCKERS HOLDING HELD BY", blocked(s.Sessions), func(x api.SessionStats) []string {
		return []string{x.Name, strconv.Itoa(x.Blockers), strconv.Itoa(x.Holding), short(time.Duration(x.HeldNs)), orDash(x.HeldBy)}
	})
	section(a, "SINK STATE WRITTEN BYTES QUEUED RETRIES ERROR", s.Sinks, func(x api.SinkStats) []string {
		return []string{x.Name, x.State, u(x.Written), bytesOf(x.Bytes), u(x.Queued), u(x.Retries), x.LastError}
	})
}

// blocked are the sessions that followers may hold up, or did.
func blocked(all []api.SessionStats) []api.SessionStats {
	return slices.DeleteFunc(slices.Clone(all), func(s api.SessionStats) bool { return s.Blockers == 0 && s.HeldNs == 0 })
}

// section prints one table below an empty line, or nothing when it has no rows.
func section[T any](a *app, header string, all []T, row func(T) []string) {
	if len(all) == 0 {
		return
	}
	rows := make([][]string, len(all))
	for i, x := range all {
		rows[i] = row(x)
	}
	a.printf("\n")
	a.table(header, rows)
}

// granted are the plugins that may use something, or that something is true of.
func granted(all []api.PluginStats, may func(*api.PluginStats) bool) (some []api.PluginStats) {
	for i := range all {
		if may(&all[i]) {
			some = append(some, all[i])
		}
	}
	return some
}

func u(n uint64) string { return strconv.FormatUint(n, 10) }

// kindsOf is counts as "trap 2, timeout 1".
func kindsOf(m map[string]uint64) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		if m[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", kind, m[kind]))
		}
	}
	return orDash(strings.Join(parts, ", "))
}

// queued are the sources that have a durable queue.
func queued(all []api.SourceStats) []api.SourceStats {
	return slices.DeleteFunc(slices.Clone(all), func(s api.SourceStats) bool { return s.Queue.Limit == 0 })
}
