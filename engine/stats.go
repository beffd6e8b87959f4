package engine

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/engine/rollout"
	"github.com/peltonhq/pelton/loop"
)

// wheelInfo is the wheel as [api.Wheel].
type wheelInfo struct{ *wheel }

var _ api.Wheel = wheelInfo{}

// Topology implements [api.Wheel].
func (w wheelInfo) Topology(context.Context) (api.Topology, error) {
	t := api.Topology{Nodes: []api.Node{}, Edges: []api.Edge{}}
	s := w.now()
	for _, n := range s.plan.Graph.Nodes {
		node := api.Node{Kind: n.Kind, Name: n.Name, Type: n.Type, Reducer: n.Reducer}
		if b := s.box(n.Name); n.Kind == "plugin" && b != nil {
			node.Outputs = names(b.plugin.Outputs())
		}
		t.Nodes = append(t.Nodes, node)
	}
	for _, e := range s.plan.Graph.Edges {
		t.Edges = append(t.Edges, api.Edge{From: e.From, Output: e.Output, To: e.To})
	}
	return t, nil
}

// Ready implements [api.Wheel]: it is served only once everything is open.
func (w wheelInfo) Ready(context.Context) error {
	if full, _ := w.store.Full(); full != "" {
		return errors.New("store: " + full)
	}
	return nil
}

// Live implements [api.Wheel].
func (w wheelInfo) Live(context.Context) error { return w.store.Stats().Err }

// Stats implements [api.Wheel].
func (w wheelInfo) Stats(context.Context) (api.Stats, error) {
	s := api.Stats{
		Version: w.o.Version, Time: time.Now().UTC(), Uptime: time.Since(w.began), Settled: w.hasSettled(),
		Sources: []api.SourceStats{}, Arenas: []api.ArenaStats{}, Plugins: []api.PluginStats{},
		Sessions: []api.SessionStats{}, Sinks: []api.SinkStats{}, Memory: gauge.Memory(),
	}
	now, lanes := w.now(), feed.Plugins{}
	for _, f := range now.feeds {
		s.Sources = append(s.Sources, f.Stats(lanes))
		s.Arenas = append(s.Arenas, f.Arena())
	}
	for _, name := range now.c.PluginNames() {
		if n := now.nests[name]; n != nil {
			s.Arenas = append(s.Arenas, gauge.Arena(name+".queue", n.Arena))
		}
	}
	for i, b := range now.boxes {
		p := b.stats()
		if i < len(now.plan.Plugins) {
			if l := lanes[b.name]; l != nil {
				p.count(&l.Counts, &l.Queue)
			} else {
				p.count(&delivery.PluginCounts{}, &loop.Queue{})
			}
			p.Paused = b.pause.Load() != uint32(delivery.Flowing)
		} else { // a reducer: it answers to sessions, not to lanes
			folds := b.plugin.Stats()
			p.Acked = folds.Folds - min(folds.Folds, folds.Faults.Total())
		}
		if p.Paused && (p.State == "running" || p.State == "stopped") {
			p.State = "paused"
		}
		p.Pinned, p.Revisions = w.book.Plugin(b.name).Pinned != nil, w.book.Kept(b.name)
		s.Plugins = append(s.Plugins, p.PluginStats)
	}
	w.addTargets(now, &s)
	s.Config = w.tally.Stats()
	if w.tracer != nil {
		t := w.tracer.Stats()
		s.Traces = &meter.TraceStats{Sent: t.Sent, Failed: t.Failed, Dropped: t.Dropped, Queued: t.Queued}
	}
	s.Taps = w.taps.Stats()
	s.Events.Bytes, s.Events.Count = w.journal.Size()
	lotStats, err := w.lotStats()
	s.Lot = lotStats
	return s, err
}

type pluginStats struct{ api.PluginStats }

func (b *box) stats() *pluginStats {
	a := b.plugin.Stats()
	p := &pluginStats{api.PluginStats{
		Name: b.name, State: rollout.State(a), Digest: a.Digest, Revision: a.Revision, Restarts: a.Restarts, Deliveries: a.Deliveries + a.Folds,
		Faults: map[string]uint64{
			string(actor.FaultTrap): a.Faults.Trap, string(actor.FaultTimeout): a.Faults.Timeout,
			string(actor.FaultMalformed): a.Faults.Malformed, string(actor.FaultOutput): a.Faults.Output,
		},
		Dropped: map[string]uint64{}, Usage: api.Usage{Memory: uint64(a.Memory), BusyNs: uint64(a.Busy), Took: a.Took, Unseen: a.Skipped},
	}}
	if w := b.opts.Env.Window; w != nil {
		p.Window = api.Window{MappedBytes: w.Mapped.Load(), CopiedBytes: w.Copied.Load(), DirtyWindows: w.Dirty.Load()}
	}
	p.LogBytes, p.LogLines = b.log.Size()
	b.granted.Stats(&p.PluginStats)
	return p
}

// count adds what the lanes' accounts know of the plugin: they see each delivery once however it was run.
func (p *pluginStats) count(c *delivery.PluginCounts, q *loop.Queue) {
	p.Verdicts = api.Verdicts{Acked: c.Acked, Retried: c.Retried, Deferred: c.Deferred, Dead: c.Dead, Held: c.Held}
	p.Deliveries, p.Emits, p.Queued = c.Offered, c.Emits, uint64(q.Pending)
	p.Dropped["policy"], p.Dropped["emits_not_acked"] = c.Dropped, c.Discarded
	p.Behind, p.Stopped = uint64(q.Behind), q.Halted
	if q.Halted != "" && p.State == "running" {
		p.State = "stopped"
	}
}

func (w *wheel) addTargets(now *world, s *api.Stats) {
	for _, name := range now.c.SessionNames() {
		t := now.halls[name].Stats()
		s.Sessions = append(s.Sessions, api.SessionStats{
			Name: name, Sessions: t.Sessions, Snapshots: t.Snapshots, Followers: t.Followers, Slow: t.Slow, Queued: uint64(t.Buffered), Recent: uint64(t.Recent), Shared: uint64(t.Shared), Given: uint64(t.Given),
			Blockers: t.Hold.Holders, Holding: t.Hold.Holding, HeldNs: uint64(t.Hold.Held), HeldBy: t.Hold.Why,
		})
	}
	for _, name := range now.c.SinkNames() {
		s.Sinks = append(s.Sinks, gauge.Sink(name, now.sinks[name].Stats()))
	}
	s.Store = gauge.Store(w.c.Store.Dir, w.store.Stats())
}

func (w *wheel) lotStats() (api.LotStats, error) {
	c, err := w.totals.Count(w.store)
	s := api.LotStats{Dead: c.Dead, Parked: c.Parked, ByKind: map[string]uint64{}, NextDue: c.NextDue}
	s.Dropped = w.letters.Dropped()
	for kind, n := range c.ByKind {
		s.ByKind[string(kind)] = n
	}
	return s, err
}

// hasSettled reports whether every finite source is at its end and nothing of it is under way: what waits under the
// retry policy counts as under way, what was deferred or is held does not.
func (w *wheel) hasSettled() bool {
	for _, f := range w.now().feeds {
		if !f.Settled() {
			return false
		}
	}
	c, err := w.totals.Count(w.store)
	return err == nil && c.ByKind[delivery.KindRetry]+c.ByKind[delivery.KindReplay] == 0
}

func (w *wheel) figures(context.Context) (*Figures, error) {
	f := &Figures{Sessions: map[string]uint64{}, Sinks: map[string]uint64{}, Took: time.Since(w.began)}
	now := w.now()
	for _, feed := range now.feeds {
		f.Messages += feed.Messages()
	}
	for name, h := range now.halls {
		f.Sessions[name] = h.Stats().Sessions
	}
	for name, s := range now.sinks {
		f.Sinks[name] = s.Stats().Written
	}
	c, err := w.totals.Count(w.store)
	f.Dead, f.Parked, f.NextDue = c.Dead, c.Parked, c.NextDue
	return f, err
}
