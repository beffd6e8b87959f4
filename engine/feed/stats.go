package feed

import (
	"maps"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/engine/gauge"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/source"
)

// Past are the counts of lanes that are gone.
type Past struct {
	delivery.Counts // but for those of plugins

	Bytes   uint64
	plugins map[string]delivery.PluginCounts
}

// add takes in the counts of a lane that is over. Its wiring may be another's than that of the next.
func (p *Past) add(r *Running) {
	s := r.Loop.Stats()
	p.sum(&s)
	if p.plugins == nil {
		p.plugins = map[string]delivery.PluginCounts{}
	}
	for i := range s.Counts.Plugins {
		name := r.Wiring.Graph.Plugins[i].Name
		c := p.plugins[name]
		gauge.Add(&c, &s.Counts.Plugins[i])
		p.plugins[name] = c
	}
}

func (p *Past) sum(s *loop.Stats) {
	p.Admitted += s.Counts.Admitted
	p.Bad += s.Counts.Bad
	p.Keyless += s.Counts.Keyless
	p.Unread += s.Counts.Unread
	p.Bytes += s.Decoded.Bytes
}

// Plugins are the figures of plugins by name, summed over lanes.
type Plugins map[string]*Plugin

// Plugin is what lanes know of one plugin: they see each delivery once however it was run.
type Plugin struct {
	Counts delivery.PluginCounts
	Queue  loop.Queue
}

func (p Plugins) of(name string) *Plugin {
	if p[name] == nil {
		p[name] = new(Plugin)
	}
	return p[name]
}

// lane adds what a lane has.
func (p Plugins) lane(r *Running, l *loop.Stats) {
	for i := range l.Counts.Plugins {
		sum := p.of(r.Wiring.Graph.Plugins[i].Name)
		gauge.Add(&sum.Counts, &l.Counts.Plugins[i])
		q := &sum.Queue
		q.Pending += l.Plugins[i].Pending
		q.Behind += l.Plugins[i].Behind
		if why := l.Plugins[i].Halted; why != "" {
			q.Halted = why
		}
	}
}

// look is one consistent view of what is gone and what runs: no lane is in both, or in none.
func (f *Feed) look() (total Past, lanes []Running) {
	f.mu.Lock()
	defer f.mu.Unlock()
	total, lanes = f.past, append([]Running(nil), f.lanes...)
	total.plugins = make(map[string]delivery.PluginCounts, len(f.past.plugins))
	maps.Copy(total.plugins, f.past.plugins)
	return total, lanes
}

// Messages is how many were read since the start.
func (f *Feed) Messages() uint64 {
	total, lanes := f.look()
	for _, r := range lanes {
		total.Admitted += r.Loop.Stats().Counts.Admitted
	}
	return total.Admitted
}

// Stats are the source's figures; those of plugins are added to plugins.
func (f *Feed) Stats(plugins Plugins) api.SourceStats {
	s := api.SourceStats{Name: f.Name, State: "running", Lanes: []api.LaneStats{}}
	ended := true
	total, lanes := f.look()
	for name, c := range total.plugins {
		gauge.Add(&plugins.of(name).Counts, &c)
	}
	for _, r := range lanes {
		l := r.Loop.Stats()
		s.Lanes = append(s.Lanes, api.LaneStats{
			Lane: l.Lane.Lane, Incarnation: l.Lane.Incarnation, Position: l.Position, Watermark: l.Watermark, Size: SizeOf(r.Lane),
			InFlight: l.Open, Settled: l.Ended && l.Idle,
		})
		total.sum(&l)
		ended = ended && l.Ended
		if l.Failure != "" {
			s.State, s.Reason = "failed", l.Failure
		}
		plugins.lane(&r, &l)
	}
	s.Messages, s.Bytes, s.Bad, s.Keyless, s.Unread = total.Admitted, total.Bytes, total.Bad, total.Keyless, total.Unread
	switch reason := f.pause.Reason(); {
	case s.State != "running":
	case reason != "":
		s.State, s.Reason = "paused", reason
	case ended:
		s.State = "ended"
	}
	s.Rate, s.Waited = f.meter.Rate(), f.pause.Waits()
	if f.queue != nil {
		s.Queue = f.queued()
	}
	return s
}

func (f *Feed) queued() api.QueueStats {
	q := f.queue.Stats()
	s := api.QueueStats{Bytes: uint64(q.Bytes), Limit: uint64(q.Limit), Refused: q.Refused, Waits: q.Waits, Known: q.Repeated}
	if f.broker != nil {
		s.Refused += f.broker.Figures().Dropped.Load()
		s.Denied = f.broker.Figures().Denied.Load()
	}
	return s
}

// Halted is why a lane offers nothing to a plugin since the last attempt of a message; empty when none does so.
func (f *Feed) Halted(plugin string) string {
	for _, r := range f.Loops() {
		l := r.Loop.Stats()
		for i := range l.Plugins {
			if why := l.Plugins[i].Halted; why != "" && r.Wiring.Graph.Plugins[i].Name == plugin {
				return why
			}
		}
	}
	return ""
}

// Unstop lets lanes go on that retry.then stopped at a plugin.
func (f *Feed) Unstop(plugin string) {
	for _, r := range f.Loops() {
		for i := range r.Wiring.Graph.Plugins {
			if r.Wiring.Graph.Plugins[i].Name == plugin {
				r.Loop.Resume(i)
			}
		}
	}
}

// Pause holds a plugin back in its lanes, or lets it go on there.
func (f *Feed) Pause(plugin string, p delivery.Pause) {
	for _, r := range f.Loops() {
		for i := range r.Wiring.Graph.Plugins {
			if r.Wiring.Graph.Plugins[i].Name == plugin {
				r.Loop.Pause(i, p)
			}
		}
	}
}

// Settled reports whether the source is at its end and nothing of it is under way.
func (f *Feed) Settled() bool {
	if c, _ := f.now(); c.Endless() || !f.Ended() {
		return false
	}
	for _, r := range f.Loops() {
		if s := r.Loop.Stats(); !s.Ended || !s.Idle {
			return false
		}
	}
	return f.arena.Stats().Slots == 0
}

// Sample keeps rates and pauses up to date, also while nobody asks for figures.
func (f *Feed) Sample(now time.Time) {
	total, lanes := f.look()
	messages, kind, reason := total.Admitted, "", ""
	for _, r := range lanes {
		s := r.Loop.Stats()
		messages += s.Counts.Admitted
		if s.Paused != "" {
			kind, reason = s.Wait, s.Paused
		}
	}
	f.meter.Count(messages, now)
	f.pause.Look(kind, reason, messages, now)
}

// Paused is why the source stands still; empty when it does not.
func (f *Feed) Paused() string { return f.pause.Reason() }

// Arena are the figures of its arena.
func (f *Feed) Arena() api.ArenaStats { return gauge.Arena(f.Name, f.arena) }

// SizeOf is where a lane ends; 0 when that is not known.
func SizeOf(l source.Lane) uint64 {
	if s, ok := l.(source.Sized); ok {
		return s.Size()
	}
	return 0
}
