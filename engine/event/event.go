package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/durable"
)

// Event is something that happened to the wheel, for a log or a program that watches it. Event is its kind:
//
//	building   plugin
//	store      dir, reason: how durable it is
//	durable    reason, durable: what each box survives
//	revision   plugin, revision, digest, reason: which revision runs and why
//	listening  http, grpc, tls
//	audit      audit: somebody changed the wheel, or was refused
//	accepting  source, mqtt: where a source listens by itself
//	settled    figures
//	paused     source, reason; or plugin, reason: who paused it
//	resumed    source; or plugin, reason
//	pinned     plugin, revision, reason: who pinned it
//	unpinned   plugin, revision, reason
//	rollout    plugin, revision, digest, outcome: canary or shadow, reason: the step
//	swapped    plugin, revision, digest, outcome, reason
//	restarted  plugin, reason
//	log        plugin, level, reason: what a plugin logged
//	failed     source or plugin, reason
//	warning    reason
//	apply      outcome, plan, reason: what became of a config that was to be applied
//	stopped    reason
type Event struct {
	Event    string    `json:"event"`
	Time     time.Time `json:"time"`
	HTTP     string    `json:"http,omitempty"`
	GRPC     string    `json:"grpc,omitempty"`
	TLS      bool      `json:"tls,omitempty"`
	MQTT     string    `json:"mqtt,omitempty"`
	Source   string    `json:"source,omitempty"`
	Plugin   string    `json:"plugin,omitempty"`
	Level    string    `json:"level,omitempty"`
	Revision int       `json:"revision,omitempty"`
	Digest   string    `json:"digest,omitempty"`
	Outcome  string    `json:"outcome,omitempty"`
	Dir      string    `json:"dir,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Figures  *Figures  `json:"figures,omitempty"`

	Bulk
}

// Bulk is what an event has as a whole.
type Bulk struct {
	Durable []durable.Row `json:"durable,omitempty"`
	Audit   *api.Entry    `json:"audit,omitempty"`
	Plan    *delta.Plan   `json:"plan,omitempty"`
}

// Figures are what came out, when the wheel has settled.
type Figures struct {
	Messages uint64            `json:"messages"`
	Sessions map[string]uint64 `json:"sessions"` // sessions by name
	Sinks    map[string]uint64 `json:"sinks"`    // effects written by name
	Dead     uint64            `json:"dead"`
	Parked   uint64            `json:"parked"`
	NextDue  time.Time         `json:"next_due,omitzero"`
	Took     time.Duration     `json:"took_ns"`
}

// Note is the event as it is kept for those who look at it later; none for what is kept elsewhere, or of no interest then.
func (e *Event) Note() (n delta.Event, ok bool) {
	switch e.Event {
	case "log", "audit", "building":
		return n, false
	}
	return delta.Event{Time: e.Time, Kind: e.Event, Level: e.level(), Source: e.Source, Plugin: e.Plugin, Revision: e.Revision, Text: e.Text()}, true
}

// level is how bad it is.
func (e *Event) level() string {
	switch {
	case e.Event == "failed" || e.Outcome == api.OutcomeRolledBack || e.Outcome == api.AppliedFailed || e.Outcome == api.AppliedRefused:
		return "error"
	case e.Event == "warning" || e.Event == "paused" || e.Event == "restarted":
		return "warn"
	}
	return "info"
}

// Text is the event in one line for people.
func (e Event) Text() string {
	switch e.Event {
	case "building":
		return "building plugin " + e.Plugin
	case "store":
		return fmt.Sprintf("store %s: %s", e.Dir, e.Reason)
	case "durable":
		return e.Reason
	case "revision":
		return fmt.Sprintf("plugin %s runs revision %d (%s): %s", e.Plugin, e.Revision, change.Short(e.Digest), e.Reason)
	case "listening":
		scheme := "http"
		if e.TLS {
			scheme = "https"
		}
		return fmt.Sprintf("listening on %s://%s (console, API) and %s (gRPC)", scheme, e.HTTP, e.GRPC)
	case "audit":
		return e.Audit.Text()
	case "accepting":
		return fmt.Sprintf("source %s accepts MQTT on %s", e.Source, e.MQTT)
	case "settled":
		return "settled: " + e.Figures.text()
	case "paused":
		return fmt.Sprintf("%s paused: %s", e.subject(), e.Reason)
	case "resumed":
		return e.subject() + " goes on"
	case "pinned":
		return fmt.Sprintf("plugin %s is pinned to revision %d %s", e.Plugin, e.Revision, e.Reason)
	case "unpinned":
		return fmt.Sprintf("plugin %s is not pinned any more", e.Plugin)
	case "rollout":
		return fmt.Sprintf("plugin %s: revision %d in %s, %s", e.Plugin, e.Revision, e.Outcome, e.Reason)
	case "swapped":
		if e.Reason != "" {
			return fmt.Sprintf("plugin %s: revision %d %s: %s", e.Plugin, e.Revision, e.Outcome, e.Reason)
		}
		return fmt.Sprintf("plugin %s: revision %d %s", e.Plugin, e.Revision, e.Outcome)
	case "apply":
		return applied(&e)
	case "log":
		return fmt.Sprintf("plugin %s: %s: %s", e.Plugin, e.Level, e.Reason)
	case "restarted", "recycled", "failed":
		if e.Reason == "" {
			return e.subject() + " " + e.Event
		}
		return fmt.Sprintf("%s %s: %s", e.subject(), e.Event, e.Reason)
	}
	if e.Reason == "" {
		return e.Event
	}
	return e.Event + ": " + e.Reason
}

func (e Event) subject() string {
	if e.Plugin != "" {
		return "plugin " + e.Plugin
	}
	return "source " + e.Source
}

func applied(e *Event) string {
	switch {
	case e.Reason != "":
		return "apply " + e.Outcome + ": " + e.Reason
	case e.Outcome == api.AppliedUnchanged || e.Plan == nil:
		return "apply: no changes"
	}
	return "apply: done\n  " + strings.Join(change.Lines(e.Plan), "\n  ")
}

func (f *Figures) text() string {
	var parts []string
	parts = append(parts, fmt.Sprintf("%d messages", f.Messages))
	for _, name := range slices.Sorted(maps.Keys(f.Sessions)) {
		parts = append(parts, fmt.Sprintf("%d sessions in %s", f.Sessions[name], name))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Sinks)) {
		parts = append(parts, fmt.Sprintf("%d lines in %s", f.Sinks[name], name))
	}
	parts = append(parts, fmt.Sprintf("%d dead", f.Dead))
	parked := fmt.Sprintf("%d parked", f.Parked)
	if !f.NextDue.IsZero() {
		parked += ", next due " + f.NextDue.Local().Format(time.DateTime) //nolint:gosmopolitan // for people at this machine
	}
	return strings.Join(append(parts, parked), ", ")
}
