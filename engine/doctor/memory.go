package doctor

import (
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/rollout"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store/local"
)

// Share is what one kind of box may hold at most, and the keys of the config that say so.
type Share struct {
	What  string
	Bytes config.Size
	Limit string
}

// Memory is the ceiling of a config, box by box (A2).
func Memory(c *config.Config) []Share {
	arenas := config.Size(len(c.Sources)) * c.Arena.Size
	var instances, queues, swap config.Size
	read := map[string]bool{}
	for _, p := range c.Plugins {
		own := config.Size(p.Instances) * (p.Limits.Memory + p.Limits.Output)
		instances += own
		swap = max(swap, own+kept(&p))
		for _, from := range p.From {
			name, _, _ := strings.Cut(from, ".")
			read[name] = true
		}
	}
	for name, p := range c.Plugins {
		if read[name] {
			queues += p.Limits.Queue
		}
	}
	var sessions, sinks config.Size
	logs := config.Size(len(c.Plugins)) * c.Limits.Logs
	for _, s := range c.Sessions {
		sessions += s.Buffer + config.Size(session.MemoryBytes)
		if s.Reduce != nil {
			logs += c.Limits.Logs
			own := config.Size(s.Reduce.Instances) * (s.Reduce.Limits.Memory + s.Reduce.Limits.Output)
			instances, swap = instances+own, max(swap, own)
		}
	}
	for _, s := range c.Sinks {
		sinks += s.Buffer
	}
	return []Share{
		{"messages under way", arenas, "arena.size, for each source"},
		{"output that plugins wait for", queues, "limits.queue"},
		{"plugins", instances, "instances x (limits.memory + limits.output)"},
		{"a swap of the largest plugin", swap, "its instances again, 2 x shadow.buffer, instances x state.max_size"},
		{"what plugins logged", logs, "limits.logs, for each plugin"},
		{"what happened to the wheel", c.Limits.Events, "limits.events"},
		{"sessions", sessions, "buffer, and caches of a fixed size"},
		{"sinks", sinks, "buffer"},
		{"taps", config.Size(c.Limits.Taps) * c.Limits.TapBuffer, "limits.taps x limits.tap_buffer"},
		{"store", config.Size(local.MemoryBytes), "fixed"},
	}
}

// kept is what a swap of a plugin holds beside its instances: what waits for a shadow and what that writes to kv, and states
// on their way.
func kept(p *config.Plugin) (bytes config.Size) {
	if p.Strategy == rollout.Shadows {
		bytes = 2 * p.Shadow.Buffer
	}
	if p.State.Handover {
		bytes += config.Size(p.Instances) * p.State.MaxSize
	}
	return bytes
}

// memory says the sum, and holds it against the machine's.
func (e *examination) memory() {
	var sum config.Size
	var parts []string
	for _, s := range Memory(e.c) {
		sum += s.Bytes
		if s.Bytes > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", s.What, s.Bytes, s.Limit))
		}
	}
	have, known := machine()
	text := fmt.Sprintf("at most %s beside the program and its followers (each up to follow.buffer of its session): %s", sum, strings.Join(parts, ", "))
	switch {
	case known && sum > have:
		e.addf(Warn, "memory", "%s; the machine has %s", text, have/config.MiB*config.MiB)
	default:
		e.addf(OK, "memory", "%s", text)
	}
}
