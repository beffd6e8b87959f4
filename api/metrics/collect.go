package metrics

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/api/meter"
)

// figure describes one metric.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string, labels ...string) figure {
	return figure{prometheus.NewDesc("pelton_"+name, help, labels, nil), prometheus.CounterValue}
}

// histogram is one of lengths of time in seconds.
func histogram(name, help string, labels ...string) figure {
	return figure{desc: prometheus.NewDesc("pelton_"+name, help, labels, nil)}
}

func gauge(name, help string, labels ...string) figure {
	return figure{prometheus.NewDesc("pelton_"+name, help, labels, nil), prometheus.GaugeValue}
}

var (
	info    = gauge("info", "1, with the version of the program.", "version")
	settled = gauge("settled", "1 when every finite source is at its end and nothing is under way.")

	applies     = counter("config_applies_total", "Configs that were to be applied to the running wheel: applied, unchanged, refused or failed.", "outcome")
	appliedLast = gauge("config_last_apply_timestamp_seconds", "When the last apply ended; 0 before the first.")
	configInfo  = gauge("config_info", "1, with the hash of the config that runs and the code that goes with it.", "hash")
	configError = gauge("config_last_error_info", "1, with why the last config was not applied; absent when it was.", "error")

	sourceMessages = counter("source_messages_total", "Messages read.", "source")
	sourceBytes    = counter("source_bytes_total", "Bytes read.", "source")
	sourceBad      = counter("source_bad_frames_total", "Frames that became dead letters.", "source")
	sourceKeyless  = counter("source_keyless_total", "Messages without a key, which have no order.", "source")
	sourceUnread   = counter("source_unread_emits_total", "Emits to outputs that nobody reads: dropped.", "source")
	sourcePaused   = counter("source_paused_seconds_total", "For how long the source was paused, by what it waited for.", "source", "reason")
	sourceRunning  = gauge("source_running", "1 while the source reads, 0 while it is paused, ended or failed.", "source", "state")
	queueBytes     = gauge("source_queue_bytes", "Bytes that wait in the source's durable queue.", "source")
	queueLimit     = gauge("source_queue_limit_bytes", "Bytes at which senders are told to wait.", "source")
	queueRefused   = counter("source_queue_refused_total", "Publications that a full queue refused.", "source")
	queueWaits     = counter("source_queue_waits_total", "Publications that waited for room.", "source")
	queueKnown     = counter("source_queue_known_total", "Publications that were there already, by their idempotency key.", "source")
	queueDenied    = counter("source_queue_denied_total", "Log-ins, topics, subscriptions and QoS 2 of MQTT that were turned away.", "source")
	lanePosition   = gauge("lane_position", "Where the lane reads, in the unit of its source.", "source", "lane")
	laneWatermark  = gauge("lane_watermark", "Before it everything is settled and durable.", "source", "lane")
	laneInFlight   = gauge("lane_in_flight", "Messages on their way.", "source", "lane")

	arenaSize  = gauge("arena_size_bytes", "Bytes of the arena.", "arena")
	arenaUsed  = gauge("arena_used_bytes", "Bytes in use.", "arena")
	arenaHigh  = gauge("arena_high_water_bytes", "The most bytes ever in use.", "arena")
	arenaSlots = gauge("arena_slots", "Messages in the arena; of a block that is being filled, in sixteens.", "arena")
	arenaWaits = counter("arena_waits_total", "How often a reader waited for room.", "arena")

	deliveries    = counter("plugin_deliveries_total", "Offers, each attempt counted.", "plugin", "revision")
	verdicts      = counter("plugin_verdicts_total", "Deliveries by how they were decided.", "plugin", "revision", "verdict")
	faults        = counter("plugin_faults_total", "Traps, timeouts and the like.", "plugin", "revision", "kind")
	emits         = counter("plugin_emits_total", "Emits that took effect.", "plugin", "revision")
	dropped       = counter("plugin_dropped_total", "Emits and deliveries dropped on purpose.", "plugin", "reason")
	pluginInfo    = gauge("plugin_info", "1, with what runs: the live revision and the digest of its code.", "plugin", "revision", "digest", "state")
	pluginQueued  = gauge("plugin_queued", "Deliveries that wait for the plugin.", "plugin")
	pluginBehind  = gauge("plugin_behind", "Messages that are parked behind an earlier one of their key, up to order.behind.", "plugin")
	pluginStopped = gauge("plugin_stopped", "1 while the plugin is offered nothing after the last attempt of a message (retry.then: stop).", "plugin")
	pluginPaused  = gauge("plugin_paused", "1 while the plugin is offered nothing since an operator paused it.", "plugin")
	pluginPinned  = gauge("plugin_pinned", "1 while an operator lets nobody change the plugin's code.", "plugin")
	pluginKept    = gauge("plugin_revisions", "Revisions that are kept, up to limits.revisions.", "plugin")
	pluginLog     = gauge("plugin_log_bytes", "Bytes of logged lines that are kept, up to limits.logs.", "plugin")
	pluginLines   = counter("plugin_log_lines_total", "Lines that the plugin logged.", "plugin")
	pluginMemory  = gauge("plugin_memory_bytes", "Memory of all instances.", "plugin")
	pluginPayload = counter("plugin_payload_bytes_total", "Payload bytes, by how they got into the plugin's memory.", "plugin", "window")
	pluginDirty   = counter("plugin_dirty_windows_total", "How often the plugin was found to have written into payloads that it is only shown.", "plugin")
	pluginBusy    = counter("plugin_busy_seconds_total", "Time spent in the plugin's code.", "plugin", "revision")
	pluginTook    = histogram("plugin_delivery_seconds", "Deliveries by their time in the plugin's code, a batch's time shared by its messages; to a factor of two.", "plugin")
	pluginUnseen  = counter("plugin_shadow_skipped_total", "Messages that shadows of the plugin were not shown, since they were behind: beyond shadow.buffer.", "plugin")
	pluginKVBytes = gauge("plugin_kv_bytes", "Bytes of keys and values of the plugin's own state.", "plugin")
	pluginKVKeys  = gauge("plugin_kv_keys", "Keys of the plugin's own state.", "plugin")
	httpRequests  = counter("plugin_http_requests_total", "Requests that ended, by status or kind of failure.", "plugin", "outcome")
	httpInFlight  = gauge("plugin_http_in_flight", "Requests under way, or whose response is in use.", "plugin")
	httpQueued    = gauge("plugin_http_queued", "Requests that wait.", "plugin")
	pluginRestart = counter("plugin_restarts_total", "Instances that were started again.", "plugin")

	sessionKeys      = gauge("session_keys", "Sessions of the name.", "session")
	sessionSnapshots = counter("session_snapshots_total", "Snapshots made.", "session")
	sessionFollowers = gauge("session_followers", "Followers.", "session")
	sessionSlow      = counter("session_slow_followers_total", "Followers that ended because they were too far behind: over follow.lag or follow.lag_bytes, or after they held the session up for follow.block.", "session")
	sessionBlockers  = gauge("session_blocking_followers", "Followers that may hold the session up (slow: block).", "session")
	sessionHolding   = gauge("session_holding_followers", "Followers that hold the session up now.", "session")
	sessionHeld      = counter("session_held_seconds_total", "For how long followers held the session up.", "session")
	sessionQueued    = gauge("session_queued_bytes", "Bytes on their way to the store.", "session")
	sessionRecent    = gauge("session_recent_bytes", "Memory of the newest snapshots of followed keys, up to follow.buffer for each.", "session")
	sessionGiven     = gauge("session_given_bytes", "Snapshots that followers were given and have not sent: up to follow.buffer for each, or one larger snapshot.", "session")
	sessionShared    = gauge("session_shared_bytes", "Memory of encoded snapshots that followers share, up to follow.buffer for each followed key and encoding.", "session")

	sinkWritten = counter("sink_written_total", "Effects written.", "sink")
	sinkBytes   = counter("sink_bytes_total", "Bytes written.", "sink")
	sinkQueued  = gauge("sink_queued", "Effects that wait.", "sink")
	sinkRetries = counter("sink_retries_total", "Writes that were tried again.", "sink")

	deadLetters = gauge("dead_letters", "Dead letters.")
	deadDropped = counter("dead_letters_dropped_total", "Dead letters that operators removed for good.")
	lotDropped  = counter("parked_dropped_total", "Parked deliveries that operators removed for good.")
	parked      = gauge("parked", "Parked deliveries.", "kind")

	spans       = counter("trace_spans_total", "Spans of traced messages: sent, failed at the collector, or dropped since too many waited.", "outcome")
	spansQueued = gauge("trace_spans_queued", "Spans that wait for the collector.")

	graphqlSockets = gauge("graphql_sockets", "Open WebSockets of GraphQL.")
	graphqlWatches = gauge("graphql_subscriptions", "Subscriptions of GraphQL under way, over WebSocket and SSE.")
	graphqlRefused = counter("graphql_refused_total", "What of GraphQL was turned away or cut off, by the limit of api.graphql: body, tokens, depth, aliases, complexity, items, operations, init, stall, introspection; batch, which is never taken; and panic, which is a defect of the wheel.", "limit")
	events         = counter("events_total", "What happened to the wheel: swaps, pauses, failures, and so on.")
	eventBytes     = gauge("event_bytes", "Bytes of events that are kept, up to limits.events.")
	tapsOpen       = gauge("taps", "Taps that are open.")
	tapped         = counter("tap_messages_total", "Messages that matched a tap: taken as samples, limited by its rate, or left out since its client was too slow (full).", "outcome")

	storeBytes   = gauge("store_bytes", "Bytes of the store.")
	storeFree    = gauge("store_free_disk_bytes", "Free bytes of the store's disk.")
	storeFull    = gauge("store_full", "1 when the store takes no more data.")
	storeCommits = counter("store_commits_total", "Commits.")
	storeRecords = counter("store_records_total", "Records made durable.")
)

var (
	apiConnections = gauge("api_connections", "Open connections of both listeners.")
	apiStreams     = gauge("api_streams", "Follows and watches under way.")
	apiRefused     = counter("api_refused_total", "Connections, streams, calls and requests that were turned away: connections, streams, rate, body_rate, stall, append_messages and failures by the limit of that name (api.limits), unauthenticated and denied by what the caller may do, foreign by where the request came from.", "reason")
	apiReloads     = counter("api_certificate_reloads_total", "Times that changed certificates were read again, and with outcome failed could not be: the old ones stay.", "outcome")
	apiExpiry      = gauge("api_certificate_expiry_seconds", "When the certificate of api.tls ends, in seconds since 1970.")
)

func front(s *meter.DoorStats, give giver) {
	if s == nil {
		return
	}
	give(apiConnections, float64(s.Connections))
	give(apiStreams, float64(s.Streams))
	for reason, n := range s.Refused {
		give(apiRefused, float64(n), reason)
	}
	if !s.Expiry.IsZero() {
		give(apiExpiry, float64(s.Expiry.Unix()))
		give(apiReloads, float64(s.Reloads), "done")
		give(apiReloads, float64(s.BadReloads), "failed")
	}
}

// collector reads the figures at each scrape. It describes nothing, which lets the registry check each scrape by
// itself: names and labels depend on the config.
type collector struct{ svc *api.Service }

// Describe implements [prometheus.Collector].
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(api.AsWheel(context.Background()), patience)
	defer cancel()
	s, err := c.svc.Stats(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(info.desc, err)
		return
	}
	give := func(f figure, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, value, labels...)
	}
	give(info, 1, s.Version)
	give(settled, bit(s.Settled))
	config(&s.Config, give)
	wheel(&s, give)
	for i := range s.Plugins {
		plugin(&s.Plugins[i], give)
		out <- took(&s.Plugins[i])
	}
	outlets(&s, give)
	front(s.API, give)
}

type giver func(f figure, value float64, labels ...string)

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func config(s *delta.Stats, give giver) {
	for _, outcome := range []string{api.AppliedChanged, api.AppliedUnchanged, api.AppliedRefused, api.AppliedFailed} {
		give(applies, float64(s.Outcomes[outcome]), outcome)
	}
	if s.Last.IsZero() {
		give(appliedLast, 0)
	} else {
		give(appliedLast, float64(s.Last.UnixMilli())/1000)
	}
	give(configInfo, 1, s.Hash)
	if s.Error != "" {
		text, _, _ := strings.Cut(s.Error, "\n")
		give(configError, 1, strings.ToValidUTF8(text[:min(len(text), 300)], ""))
	}
}

func wheel(s *api.Stats, give giver) {
	for _, src := range s.Sources {
		give(sourceMessages, float64(src.Messages), src.Name)
		give(sourceBytes, float64(src.Bytes), src.Name)
		give(sourceBad, float64(src.Bad), src.Name)
		give(sourceKeyless, float64(src.Keyless), src.Name)
		give(sourceUnread, float64(src.Unread), src.Name)
		for reason, ms := range src.Waited {
			give(sourcePaused, float64(ms)/1000, src.Name, reason)
		}
		give(sourceRunning, bit(src.State == "running"), src.Name, src.State)
		if q := src.Queue; q.Limit > 0 {
			give(queueBytes, float64(q.Bytes), src.Name)
			give(queueLimit, float64(q.Limit), src.Name)
			give(queueRefused, float64(q.Refused), src.Name)
			give(queueWaits, float64(q.Waits), src.Name)
			give(queueKnown, float64(q.Known), src.Name)
			give(queueDenied, float64(q.Denied), src.Name)
		}
		for _, l := range src.Lanes {
			give(lanePosition, float64(l.Position), src.Name, l.Lane)
			give(laneWatermark, float64(l.Watermark), src.Name, l.Lane)
			give(laneInFlight, float64(l.InFlight), src.Name, l.Lane)
		}
	}
	for _, a := range s.Arenas {
		give(arenaSize, float64(a.Size), a.Name)
		give(arenaUsed, float64(a.Used), a.Name)
		give(arenaHigh, float64(a.HighWater), a.Name)
		give(arenaSlots, float64(a.Slots), a.Name)
		give(arenaWaits, float64(a.Waits), a.Name)
	}
}

func outlets(s *api.Stats, give giver) {
	for _, se := range s.Sessions {
		give(sessionKeys, float64(se.Sessions), se.Name)
		give(sessionSnapshots, float64(se.Snapshots), se.Name)
		give(sessionFollowers, float64(se.Followers), se.Name)
		give(sessionSlow, float64(se.Slow), se.Name)
		give(sessionBlockers, float64(se.Blockers), se.Name)
		give(sessionHolding, float64(se.Holding), se.Name)
		give(sessionHeld, float64(se.HeldNs)/1e9, se.Name)
		give(sessionQueued, float64(se.Queued), se.Name)
		give(sessionRecent, float64(se.Recent), se.Name)
		give(sessionGiven, float64(se.Given), se.Name)
		give(sessionShared, float64(se.Shared), se.Name)
	}
	for _, si := range s.Sinks {
		give(sinkWritten, float64(si.Written), si.Name)
		give(sinkBytes, float64(si.Bytes), si.Name)
		give(sinkQueued, float64(si.Queued), si.Name)
		give(sinkRetries, float64(si.Retries), si.Name)
	}
	give(deadLetters, float64(s.Lot.Dead))
	give(deadDropped, float64(s.Lot.Dropped.Dead))
	give(lotDropped, float64(s.Lot.Dropped.Parked))
	for kind, n := range s.Lot.ByKind {
		give(parked, float64(n), kind)
	}
	if t := s.Traces; t != nil {
		give(spans, float64(t.Sent), "sent")
		give(spans, float64(t.Failed), "failed")
		give(spans, float64(t.Dropped), "dropped")
		give(spansQueued, float64(t.Queued))
	}
	if g := s.GraphQL; g != nil {
		give(graphqlSockets, float64(g.Sockets))
		give(graphqlWatches, float64(g.Subscriptions))
		for limit, n := range g.Refused {
			give(graphqlRefused, float64(n), limit)
		}
	}
	give(events, float64(s.Events.Count))
	give(eventBytes, float64(s.Events.Bytes))
	give(tapsOpen, float64(s.Taps.Open))
	give(tapped, float64(s.Taps.Taken), "taken")
	give(tapped, float64(s.Taps.Limited), "limited")
	give(tapped, float64(s.Taps.Full), "full")
	give(storeBytes, float64(s.Store.Bytes))
	give(storeFree, float64(s.Store.FreeDisk))
	give(storeFull, bit(s.Store.Full))
	give(storeCommits, float64(s.Store.Commits))
	give(storeRecords, float64(s.Store.Records))
}
