package api

import (
	"time"

	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/api/meter"
)

// Topology is the graph of the wheel, in config order.
type Topology struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
}

// Node is one box of the graph. Kind and name together are unique.
type Node struct {
	Kind    string   `json:"kind"` // source, plugin, session or sink
	Name    string   `json:"name"`
	Type    string   `json:"type,omitempty"`    // file, http, wasm, native, process, …
	Outputs []string `json:"outputs,omitempty"` // of a plugin
	Reducer string   `json:"reducer,omitempty"` // of a session: the reducer's name as a plugin
}

// ID is "kind/name", as edges name it.
func (n Node) ID() string { return n.Kind + "/" + n.Name }

// Edge says that To subscribes to an output of From; both are node ids, "kind/name".
type Edge struct {
	From   string `json:"from"`
	Output string `json:"output,omitempty"` // of a plugin
	To     string `json:"to"`
}

// Stats are the figures of the wheel at one time. Counters count from the start of the process.
type Stats struct {
	Version  string               `json:"version"`
	Time     time.Time            `json:"time"`
	Uptime   time.Duration        `json:"uptime_ns"`
	Settled  bool                 `json:"settled"`          // every finite source is at its end and nothing is under way
	Paused   string               `json:"paused,omitempty"` // why the whole wheel waits; empty when it does not
	Sources  []SourceStats        `json:"sources"`
	Arenas   []ArenaStats         `json:"arenas"`
	Plugins  []PluginStats        `json:"plugins"`
	Sessions []meter.SessionStats `json:"sessions"`
	Sinks    []SinkStats          `json:"sinks"`
	Lot      LotStats             `json:"lot"`
	Store    StoreStats           `json:"store"`
	Memory   MemoryStats          `json:"memory"`
	Config   delta.Stats          `json:"config"`
	Doors
	Watching
}

// Doors are the figures of the ways in.
type Doors struct {
	API     *meter.DoorStats    `json:"api,omitempty"`
	GraphQL *meter.GraphQLStats `json:"graphql,omitempty"`
}

// Watching is what looks at messages.
type Watching struct {
	Traces *meter.TraceStats `json:"traces,omitempty"` // nil when nothing is traced
	Taps   TapStats          `json:"taps"`
	Events delta.EventStats  `json:"events"`
}

// SourceStats are the figures of one source.
type SourceStats struct {
	Name     string      `json:"name"`
	State    string      `json:"state"` // running, paused, ended or failed
	Reason   string      `json:"reason,omitempty"`
	Lanes    []LaneStats `json:"lanes"`
	Messages uint64      `json:"messages"`
	Bytes    uint64      `json:"bytes"`
	Bad      uint64      `json:"bad"`     // frames that became dead letters
	Keyless  uint64      `json:"keyless"` // messages without a key, which have no order
	Unread   uint64      `json:"unread"`  // emits to outputs that nobody reads: dropped
	Rate     float64     `json:"rate"`    // messages a second, over the last seconds
	// Waited is for how many milliseconds it was paused, by what it waited for: store, target, paused, stopped, behind, requests,
	// output, queue, window, plugin or arena.
	Waited map[string]uint64 `json:"waited_ms"`
	Queue  QueueStats        `json:"queue,omitzero"`
}

// QueueStats are the figures of the durable queue before a source; zero if it has none.
type QueueStats = meter.QueueStats

// LaneStats are the figures of one lane. Positions are in the unit of the source.
type LaneStats struct {
	Lane        string `json:"lane"`
	Incarnation string `json:"incarnation"`
	Position    uint64 `json:"position"`  // where it reads
	Watermark   uint64 `json:"watermark"` // before it everything is settled and durable
	Size        uint64 `json:"size"`      // where it ends; 0 when unknown
	InFlight    int    `json:"in_flight"`
	Settled     bool   `json:"settled"`
}

// ArenaStats are the figures of one arena, in bytes but for Slots and Waits.
type ArenaStats struct {
	Name      string `json:"name"`
	Size      uint64 `json:"size"`
	Used      uint64 `json:"used"`
	HighWater uint64 `json:"high_water"`
	Slots     uint64 `json:"slots"`
	Waits     uint64 `json:"waits"` // how often a reader had to wait for room
}

// Verdicts count deliveries by how they were decided.
type Verdicts struct {
	Acked    uint64 `json:"acked"`
	Retried  uint64 `json:"retried"`
	Deferred uint64 `json:"deferred"`
	Dead     uint64 `json:"dead"`
	Held     uint64 `json:"held"`
}

// Waiting is what of a plugin's messages has to wait for others.
type Waiting struct {
	Behind  uint64 `json:"behind"`            // parked behind an earlier message of their key; see order.behind
	Stopped string `json:"stopped,omitempty"` // why it is offered nothing since the last attempt of a message (retry.then: stop)
	Paused  bool   `json:"paused"`            // an operator paused it
}

// Kept is what the wheel keeps of a plugin.
type Kept struct {
	Pinned    bool   `json:"pinned"`    // its code is not changed until an operator unpins it
	Revisions int    `json:"revisions"` // up to limits.revisions
	LogBytes  uint64 `json:"log_bytes"` // of the lines that it logged, up to limits.logs
	LogLines  uint64 `json:"log_lines"` // that it logged since the start
}

// PluginStats are the figures of one plugin or reducer.
type PluginStats struct {
	Verdicts
	Waiting
	Usage
	Window

	Name       string            `json:"name"`
	State      string            `json:"state"`
	Digest     string            `json:"digest,omitempty"`
	Revision   int               `json:"revision"`
	Restarts   uint64            `json:"restarts"`
	Deliveries uint64            `json:"deliveries"` // offers, each attempt counted
	Faults     map[string]uint64 `json:"faults"`     // traps, timeouts … by kind
	Emits      uint64            `json:"emits"`
	Dropped    map[string]uint64 `json:"dropped"` // emits and deliveries dropped on purpose, by reason
	Queued     uint64            `json:"queued"`
	KV         *meter.KVStats    `json:"kv,omitempty"`   // of its own state, if it is granted
	HTTP       *meter.HTTPStats  `json:"http,omitempty"` // of its requests, if they are granted
}

// Usage is what a plugin uses, its instances and what is kept of it.
type Usage struct {
	Kept

	Memory uint64   `json:"memory"` // bytes, of all instances
	BusyNs uint64   `json:"busy_ns"`
	Unseen uint64   `json:"shadow_skipped"` // messages that shadows were not shown, since they were behind
	Took   []uint64 `json:"took"`           // deliveries by their time in its code: took[i] needed less than 2^i µs, and no less than half of that
}

// Window counts how payloads got into the memory of a sandboxed plugin.
type Window struct {
	MappedBytes  uint64 `json:"mapped_bytes"`  // shown where they lie
	CopiedBytes  uint64 `json:"copied_bytes"`  // copied
	DirtyWindows uint64 `json:"dirty_windows"` // how often it was found to have written into what it is only shown
}

// SessionStats are the figures of one session name.
type SessionStats = meter.SessionStats

// SinkStats are the figures of one sink.
type SinkStats struct {
	Name      string `json:"name"`
	State     string `json:"state"` // running, waiting or failed
	Written   uint64 `json:"written"`
	Bytes     uint64 `json:"bytes"`
	Queued    uint64 `json:"queued"`
	Retries   uint64 `json:"retries"`
	LastError string `json:"last_error,omitempty"`
}

// LotStats are the figures of dead letters and parked deliveries.
type LotStats struct {
	Dead    uint64            `json:"dead"`
	Parked  uint64            `json:"parked"`
	ByKind  map[string]uint64 `json:"parked_by_kind"`
	NextDue time.Time         `json:"next_due,omitzero"`
	Dropped Dropped           `json:"dropped"`
}

// Dropped counts what operators removed for good.
type Dropped struct {
	Dead   uint64 `json:"dead"`
	Parked uint64 `json:"parked"`
}

// StoreStats are the figures of the store, in bytes.
type StoreStats struct {
	Dir      string `json:"dir"`
	Bytes    uint64 `json:"bytes"`
	MaxBytes uint64 `json:"max_bytes,omitempty"`
	FreeDisk uint64 `json:"free_disk"`
	Full     bool   `json:"full"`
	Reason   string `json:"reason,omitempty"` // why it is full, or failed
	Commits  uint64 `json:"commits"`
	Records  uint64 `json:"records"`
}

// MemoryStats are the figures of the process, in bytes.
type MemoryStats struct {
	RSS        uint64 `json:"rss"`
	Heap       uint64 `json:"heap"`
	Goroutines int    `json:"goroutines"`
}
