package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/meter"
)

// Node is n on the wire.
func Node(n api.Node) *peltonv1.Node {
	return &peltonv1.Node{Kind: n.Kind, Name: n.Name, Type: n.Type, Outputs: n.Outputs, Reducer: n.Reducer}
}

// NodeOf is the inverse of [Node].
func NodeOf(n *peltonv1.Node) api.Node {
	return api.Node{Kind: n.GetKind(), Name: n.GetName(), Type: n.GetType(), Outputs: n.GetOutputs(), Reducer: n.GetReducer()}
}

// Edge is e on the wire.
func Edge(e api.Edge) *peltonv1.Edge {
	return &peltonv1.Edge{From: e.From, Output: e.Output, To: e.To}
}

// EdgeOf is the inverse of [Edge].
func EdgeOf(e *peltonv1.Edge) api.Edge {
	return api.Edge{From: e.GetFrom(), Output: e.GetOutput(), To: e.GetTo()}
}

// Stats is s on the wire.
func Stats(s api.Stats) *peltonv1.Stats {
	return &peltonv1.Stats{
		Version: s.Version, Time: Time(s.Time), Uptime: Duration(s.Uptime), Settled: s.Settled, Paused: s.Paused,
		Sources: Each(s.Sources, source), Arenas: Each(s.Arenas, arena), Plugins: Each(s.Plugins, plugin),
		Sessions: Each(s.Sessions, sessions), Sinks: Each(s.Sinks, sink),
		Lot: &peltonv1.LotStats{Dead: s.Lot.Dead, Parked: s.Lot.Parked, ParkedByKind: s.Lot.ByKind, NextDue: Time(s.Lot.NextDue), DroppedDead: s.Lot.Dropped.Dead, DroppedParked: s.Lot.Dropped.Parked},
		Store: &peltonv1.StoreStats{
			Dir: s.Store.Dir, Bytes: s.Store.Bytes, MaxBytes: s.Store.MaxBytes, FreeDisk: s.Store.FreeDisk,
			Full: s.Store.Full, Reason: s.Store.Reason, Commits: s.Store.Commits, Records: s.Store.Records,
		},
		Memory: &peltonv1.MemoryStats{Rss: s.Memory.RSS, Heap: s.Memory.Heap, Goroutines: int32(s.Memory.Goroutines)},
		Traces: traces(s.Traces), Api: front(s.API), Graphql: graphql(s.GraphQL), Config: configStats(s.Config),
		Taps: taps(s.Taps), Events: &peltonv1.EventStats{Count: s.Events.Count, Bytes: s.Events.Bytes},
	}
}

func graphql(g *meter.GraphQLStats) *peltonv1.GraphqlStats {
	if g == nil {
		return nil
	}
	return &peltonv1.GraphqlStats{Sockets: int64(g.Sockets), Subscriptions: int64(g.Subscriptions), Refused: g.Refused}
}

func graphqlOf(g *peltonv1.GraphqlStats) *meter.GraphQLStats {
	if g == nil {
		return nil
	}
	return &meter.GraphQLStats{Sockets: int(g.GetSockets()), Subscriptions: int(g.GetSubscriptions()), Refused: g.GetRefused()}
}

func traces(t *meter.TraceStats) *peltonv1.TraceStats {
	if t == nil {
		return nil
	}
	return &peltonv1.TraceStats{Sent: t.Sent, Failed: t.Failed, Dropped: t.Dropped, Queued: t.Queued}
}

func tracesOf(t *peltonv1.TraceStats) *meter.TraceStats {
	if t == nil {
		return nil
	}
	return &meter.TraceStats{Sent: t.GetSent(), Failed: t.GetFailed(), Dropped: t.GetDropped(), Queued: t.GetQueued()}
}

// StatsOf is the inverse of [Stats].
func StatsOf(s *peltonv1.Stats) api.Stats {
	lot, store, memory := s.GetLot(), s.GetStore(), s.GetMemory()
	return api.Stats{
		Version: s.GetVersion(), Time: TimeOf(s.GetTime()), Uptime: DurationOf(s.GetUptime()), Settled: s.GetSettled(),
		Paused: s.GetPaused(), Sources: Each(s.GetSources(), sourceOf), Arenas: Each(s.GetArenas(), arenaOf),
		Plugins: Each(s.GetPlugins(), pluginOf), Sessions: Each(s.GetSessions(), sessionsOf), Sinks: Each(s.GetSinks(), sinkOf),
		Lot: api.LotStats{Dead: lot.GetDead(), Parked: lot.GetParked(), ByKind: lot.GetParkedByKind(), NextDue: TimeOf(lot.GetNextDue()), Dropped: api.Dropped{Dead: lot.GetDroppedDead(), Parked: lot.GetDroppedParked()}},
		Store: api.StoreStats{
			Dir: store.GetDir(), Bytes: store.GetBytes(), MaxBytes: store.GetMaxBytes(), FreeDisk: store.GetFreeDisk(),
			Full: store.GetFull(), Reason: store.GetReason(), Commits: store.GetCommits(), Records: store.GetRecords(),
		},
		Memory: api.MemoryStats{RSS: memory.GetRss(), Heap: memory.GetHeap(), Goroutines: int(memory.GetGoroutines())},
		Config: configStatsOf(s.GetConfig()), Doors: api.Doors{API: frontOf(s.GetApi()), GraphQL: graphqlOf(s.GetGraphql())},
		Watching: api.Watching{Traces: tracesOf(s.GetTraces()), Taps: tapsOf(s.GetTaps()), Events: delta.EventStats{Count: s.GetEvents().GetCount(), Bytes: s.GetEvents().GetBytes()}},
	}
}

func source(s api.SourceStats) *peltonv1.SourceStats {
	return &peltonv1.SourceStats{
		Name: s.Name, State: s.State, Reason: s.Reason, Lanes: Each(s.Lanes, lane), Messages: s.Messages, Bytes: s.Bytes,
		Bad: s.Bad, Rate: s.Rate, Queue: queue(s.Queue), WaitedMs: s.Waited, Keyless: s.Keyless, Unread: s.Unread,
	}
}

func sourceOf(s *peltonv1.SourceStats) api.SourceStats {
	return api.SourceStats{
		Name: s.GetName(), State: s.GetState(), Reason: s.GetReason(), Lanes: Each(s.GetLanes(), laneOf),
		Messages: s.GetMessages(), Bytes: s.GetBytes(), Bad: s.GetBad(), Rate: s.GetRate(),
		Queue: queueOf(s.GetQueue()), Waited: s.GetWaitedMs(), Keyless: s.GetKeyless(), Unread: s.GetUnread(),
	}
}

// queue is unset for a source that has none.
func queue(q api.QueueStats) *peltonv1.QueueStats {
	if q == (api.QueueStats{}) {
		return nil
	}
	return &peltonv1.QueueStats{Bytes: q.Bytes, Limit: q.Limit, Refused: q.Refused, Waits: q.Waits, Known: q.Known, Denied: q.Denied}
}

func queueOf(q *peltonv1.QueueStats) api.QueueStats {
	return api.QueueStats{
		Bytes: q.GetBytes(), Limit: q.GetLimit(), Refused: q.GetRefused(), Waits: q.GetWaits(), Known: q.GetKnown(), Denied: q.GetDenied(),
	}
}

func lane(l api.LaneStats) *peltonv1.LaneStats {
	return &peltonv1.LaneStats{
		Lane: l.Lane, Incarnation: l.Incarnation, Position: l.Position, Watermark: l.Watermark, Size: l.Size,
		InFlight: int32(l.InFlight), Settled: l.Settled,
	}
}

func laneOf(l *peltonv1.LaneStats) api.LaneStats {
	return api.LaneStats{
		Lane: l.GetLane(), Incarnation: l.GetIncarnation(), Position: l.GetPosition(), Watermark: l.GetWatermark(),
		Size: l.GetSize(), InFlight: int(l.GetInFlight()), Settled: l.GetSettled(),
	}
}

func arena(a api.ArenaStats) *peltonv1.ArenaStats {
	return &peltonv1.ArenaStats{Name: a.Name, Size: a.Size, Used: a.Used, HighWater: a.HighWater, Slots: a.Slots, Waits: a.Waits}
}

func arenaOf(a *peltonv1.ArenaStats) api.ArenaStats {
	return api.ArenaStats{
		Name: a.GetName(), Size: a.GetSize(), Used: a.GetUsed(), HighWater: a.GetHighWater(), Slots: a.GetSlots(), Waits: a.GetWaits(),
	}
}

func plugin(p api.PluginStats) *peltonv1.PluginStats {
	return &peltonv1.PluginStats{
		Name: p.Name, State: p.State, Digest: p.Digest, Revision: int32(p.Revision), Restarts: p.Restarts,
		Deliveries: p.Deliveries, Acked: p.Acked, Retried: p.Retried, Deferred: p.Deferred, Dead: p.Dead, Held: p.Held,
		Faults: p.Faults, Emits: p.Emits, Dropped: p.Dropped, Queued: p.Queued, Memory: p.Memory,
		Busy:        durationpb.New(time.Duration(p.BusyNs)),
		MappedBytes: p.MappedBytes, CopiedBytes: p.CopiedBytes, DirtyWindows: p.DirtyWindows,
		Kv: kv(p.KV), Http: requests(p.HTTP), Behind: p.Behind, Stopped: p.Stopped, Paused: p.Paused,
		Pinned: p.Pinned, Revisions: int32(p.Revisions), LogBytes: p.LogBytes, LogLines: p.LogLines, Took: p.Took, ShadowSkipped: p.Unseen,
	}
}

func kv(s *meter.KVStats) *peltonv1.KVStats {
	if s == nil {
		return nil
	}
	return &peltonv1.KVStats{Bytes: s.Bytes, Keys: s.Keys, MaxBytes: s.MaxBytes}
}

func kvOf(s *peltonv1.KVStats) *meter.KVStats {
	if s == nil {
		return nil
	}
	return &meter.KVStats{Bytes: s.GetBytes(), Keys: s.GetKeys(), MaxBytes: s.GetMaxBytes()}
}

func requests(s *meter.HTTPStats) *peltonv1.HTTPStats {
	if s == nil {
		return nil
	}
	return &peltonv1.HTTPStats{InFlight: int32(s.InFlight), Queued: int32(s.Queued), Outcomes: s.Outcomes}
}

func requestsOf(s *peltonv1.HTTPStats) *meter.HTTPStats {
	if s == nil {
		return nil
	}
	return &meter.HTTPStats{InFlight: int(s.GetInFlight()), Queued: int(s.GetQueued()), Outcomes: s.GetOutcomes()}
}

func pluginOf(p *peltonv1.PluginStats) api.PluginStats {
	return api.PluginStats{
		Name: p.GetName(), State: p.GetState(), Digest: p.GetDigest(), Revision: int(p.GetRevision()),
		Restarts: p.GetRestarts(), Deliveries: p.GetDeliveries(),
		Verdicts: api.Verdicts{
			Acked: p.GetAcked(), Retried: p.GetRetried(), Deferred: p.GetDeferred(), Dead: p.GetDead(), Held: p.GetHeld(),
		},
		Faults: p.GetFaults(), Emits: p.GetEmits(), Dropped: p.GetDropped(), Queued: p.GetQueued(),
		Waiting: api.Waiting{Behind: p.GetBehind(), Stopped: p.GetStopped(), Paused: p.GetPaused()},
		Usage: api.Usage{
			Memory: p.GetMemory(), BusyNs: uint64(DurationOf(p.GetBusy())), Took: p.GetTook(), Unseen: p.GetShadowSkipped(),
			Kept: api.Kept{Pinned: p.GetPinned(), Revisions: int(p.GetRevisions()), LogBytes: p.GetLogBytes(), LogLines: p.GetLogLines()},
		},
		Window: api.Window{MappedBytes: p.GetMappedBytes(), CopiedBytes: p.GetCopiedBytes(), DirtyWindows: p.GetDirtyWindows()},
		KV:     kvOf(p.GetKv()), HTTP: requestsOf(p.GetHttp()),
	}
}

func sessions(s api.SessionStats) *peltonv1.SessionStats {
	return &peltonv1.SessionStats{
		Name: s.Name, Sessions: s.Sessions, Snapshots: s.Snapshots, Followers: int32(s.Followers), QueuedBytes: s.Queued, SharedBytes: s.Shared,
		Slow: s.Slow, Blockers: int32(s.Blockers), Holding: int32(s.Holding), Held: Duration(time.Duration(s.HeldNs)), HeldBy: s.HeldBy, GivenBytes: s.Given, RecentBytes: s.Recent,
	}
}

func sessionsOf(s *peltonv1.SessionStats) api.SessionStats {
	return api.SessionStats{
		Name: s.GetName(), Sessions: s.GetSessions(), Snapshots: s.GetSnapshots(), Followers: int(s.GetFollowers()),
		Queued: s.GetQueuedBytes(), Shared: s.GetSharedBytes(), Slow: s.GetSlow(),
		Blockers: int(s.GetBlockers()), Holding: int(s.GetHolding()), HeldNs: uint64(DurationOf(s.GetHeld())), HeldBy: s.GetHeldBy(), Given: s.GetGivenBytes(), Recent: s.GetRecentBytes(),
	}
}

func sink(s api.SinkStats) *peltonv1.SinkStats {
	return &peltonv1.SinkStats{
		Name: s.Name, State: s.State, Written: s.Written, Bytes: s.Bytes, Queued: s.Queued, Retries: s.Retries, LastError: s.LastError,
	}
}

func sinkOf(s *peltonv1.SinkStats) api.SinkStats {
	return api.SinkStats{
		Name: s.GetName(), State: s.GetState(), Written: s.GetWritten(), Bytes: s.GetBytes(), Queued: s.GetQueued(),
		Retries: s.GetRetries(), LastError: s.GetLastError(),
	}
}
