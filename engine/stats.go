package engine

import (
	"context"
	"errors"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/engine/rollout"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
)

// wheelInfo is the wheel as [api.Wheel].
type wheelInfo struct{ *wheel }

var _ api.Wheel = wheelInfo{}

// Topology implements [api.Wheel].
func (w wheelInfo) Topology(context.Context) (api.Topology, error) {
	t := api.Topology{Nodes: []api.Node{}, Edges: []api.Edge{}}
	for _, n := range w.plan.Graph.Nodes {
		node := api.Node{Kind: n.Kind, Name: n.Name, Type: n.Type, Reducer: n.Reducer}
		if b := w.box(n.Name); n.Kind == "plugin" && b != nil {
			node.Outputs = names(b.plugin.Outputs())
		}
		t.Nodes = append(t.Nodes, node)
	}
	for _, e := range w.plan.Graph.Edges {
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
	counts := make([]delivery.PluginCounts, len(w.plan.Plugins))
	queues := make([]loop.Queue, len(w.plan.Plugins))
	for _, f := range w.feeds {
		s.Sources = append(s.Sources, f.stats(counts, queues))
		s.Arenas = append(s.Arenas, gauge.Arena(f.name, f.arena))
	}
	for i, a := range w.outputs() {
		if a != nil {
			s.Arenas = append(s.Arenas, gauge.Arena(w.plan.Plugins[i].Name+".queue", a))
		}
	}
	for i, b := range w.boxes {
		p := b.stats()
		if i < len(counts) {
			p.count(&counts[i], &queues[i])
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
	w.addTargets(&s)
	if w.tracer != nil {
		t := w.tracer.Stats()
		s.Traces = &api.TraceStats{Sent: t.Sent, Failed: t.Failed, Dropped: t.Dropped, Queued: t.Queued}
	}
	s.Taps = w.taps.Stats()
	lotStats, err := w.lotStats()
	s.Lot = lotStats
	return s, err
}

func (w *wheel) outputs() []*arena.Arena {
	if len(w.feeds) == 0 {
		return nil
	}
	return w.feeds[0].outputs
}

func (f *feed) stats(counts []delivery.PluginCounts, queues []loop.Queue) api.SourceStats {
	s := api.SourceStats{Name: f.name, State: "running", Lanes: []api.LaneStats{}}
	ended := true
	past := f.gone()
	s.Messages, s.Bytes, s.Bad = past.Counts.Admitted, past.Decoded.Bytes, past.Counts.Bad
	s.Keyless, s.Unread = past.Counts.Keyless, past.Counts.Unread
	for i := range past.Counts.Plugins {
		gauge.Add(&counts[i], &past.Counts.Plugins[i])
	}
	for _, r := range f.loops() {
		l := r.loop.Stats()
		s.Lanes = append(s.Lanes, api.LaneStats{
			Lane: l.Lane.Lane, Incarnation: l.Lane.Incarnation, Position: l.Position, Watermark: l.Watermark, Size: sizeOf(r.lane),
			InFlight: l.Open, Settled: l.Ended && l.Idle,
		})
		s.Messages += l.Counts.Admitted
		s.Bytes += l.Decoded.Bytes
		s.Bad += l.Counts.Bad
		s.Keyless += l.Counts.Keyless
		s.Unread += l.Counts.Unread
		ended = ended && l.Ended
		if l.Failure != "" {
			s.State, s.Reason = "failed", l.Failure
		}
		for i := range l.Counts.Plugins {
			gauge.Add(&counts[i], &l.Counts.Plugins[i])
			q := &queues[i]
			q.Pending += l.Plugins[i].Pending
			q.Behind += l.Plugins[i].Behind
			if why := l.Plugins[i].Halted; why != "" {
				q.Halted = why
			}
		}
	}
	switch reason := f.pause.Reason(); {
	case s.State != "running":
	case reason != "":
		s.State, s.Reason = "paused", reason
	case ended:
		s.State = "ended"
	}
	s.Rate, s.Waited = f.meter.Rate(), f.pause.Waits()
	if f.queue != nil {
		q := f.queue.Stats()
		s.Queue = api.QueueStats{Bytes: uint64(q.Bytes), Limit: uint64(q.Limit), Refused: q.Refused, Waits: q.Waits, Known: q.Repeated}
		if f.broker != nil {
			s.Queue.Refused += f.broker.Figures().Dropped.Load()
			s.Queue.Denied = f.broker.Figures().Denied.Load()
		}
	}
	return s
}

func sizeOf(l source.Lane) uint64 {
	if s, ok := l.(source.Sized); ok {
		return s.Size()
	}
	return 0
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
		Dropped: map[string]uint64{}, Usage: api.Usage{Memory: uint64(a.Memory), BusyNs: uint64(a.Busy)},
	}}
	if w := b.opts.Env.Window; w != nil {
		p.Window = api.Window{MappedBytes: w.Mapped.Load(), CopiedBytes: w.Copied.Load(), DirtyWindows: w.Dirty.Load()}
	}
	p.LogBytes, p.LogLines = b.log.Size()
	b.granted.stats(&p.PluginStats)
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

func (w *wheel) addTargets(s *api.Stats) {
	for _, name := range w.names.sessions {
		t := w.session[name].Stats()
		s.Sessions = append(s.Sessions, api.SessionStats{
			Name: name, Sessions: t.Sessions, Snapshots: t.Snapshots, Followers: t.Followers, Queued: uint64(t.Buffered),
		})
	}
	for _, name := range w.names.sinks {
		t := w.sinks[name].Stats()
		state := "running"
		if t.Waiting {
			state = "waiting"
		}
		row := api.SinkStats{Name: name, State: state, Written: t.Written, Bytes: t.Bytes, Queued: uint64(t.Queued), Retries: t.Retries}
		if t.LastError != nil {
			row.LastError = t.LastError.Error()
		}
		s.Sinks = append(s.Sinks, row)
	}
	d := w.store.Stats()
	s.Store = api.StoreStats{
		Dir: w.c.Store.Dir, Bytes: uint64(d.Bytes), MaxBytes: uint64(d.MaxBytes), FreeDisk: uint64(d.Free), Full: d.Full != "", Reason: d.Full,
		Commits: d.Commits, Records: d.Records,
	}
	if d.Err != nil {
		s.Store.Reason = d.Err.Error()
	}
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
	for _, f := range w.feeds {
		if f.c.Endless() || !f.ended() {
			return false
		}
		for _, r := range f.loops() {
			if s := r.loop.Stats(); !s.Ended || !s.Idle {
				return false
			}
		}
		if f.arena.Stats().Slots != 0 {
			return false
		}
	}
	c, err := w.totals.Count(w.store)
	return err == nil && c.ByKind[delivery.KindRetry]+c.ByKind[delivery.KindReplay] == 0
}

func (w *wheel) figures(context.Context) (*Figures, error) {
	f := &Figures{Sessions: map[string]uint64{}, Sinks: map[string]uint64{}, Took: time.Since(w.began)}
	for _, feed := range w.feeds {
		f.Messages += feed.gone().Counts.Admitted
		for _, r := range feed.loops() {
			f.Messages += r.loop.Stats().Counts.Admitted
		}
	}
	for _, name := range w.names.sessions {
		f.Sessions[name] = w.session[name].Stats().Sessions
	}
	for _, name := range w.names.sinks {
		f.Sinks[name] = w.sinks[name].Stats().Written
	}
	c, err := w.totals.Count(w.store)
	f.Dead, f.Parked, f.NextDue = c.Dead, c.Parked, c.NextDue
	return f, err
}
