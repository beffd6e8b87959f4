package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peltonhq/pelton/api"
)

// took is the histogram of a plugin's time per delivery.
func took(p *api.PluginStats) prometheus.Metric {
	buckets := make(map[float64]uint64, len(p.Took))
	var below uint64
	for i, n := range p.Took {
		below += n
		buckets[float64(uint64(1)<<i)/1e6] = below
	}
	return prometheus.MustNewConstHistogram(pluginTook.desc, below, float64(p.BusyNs)/1e9, buckets, p.Name)
}

func plugin(p *api.PluginStats, give giver) {
	revision := strconv.Itoa(p.Revision)
	give(pluginInfo, 1, p.Name, revision, p.Digest, p.State)
	give(deliveries, float64(p.Deliveries), p.Name, revision)
	give(verdicts, float64(p.Acked), p.Name, revision, "ack")
	give(verdicts, float64(p.Retried), p.Name, revision, "retry")
	give(verdicts, float64(p.Deferred), p.Name, revision, "defer")
	give(verdicts, float64(p.Dead), p.Name, revision, "dead")
	give(verdicts, float64(p.Held), p.Name, revision, "hold")
	for kind, n := range p.Faults {
		give(faults, float64(n), p.Name, revision, kind)
	}
	give(emits, float64(p.Emits), p.Name, revision)
	for reason, n := range p.Dropped {
		give(dropped, float64(n), p.Name, reason)
	}
	give(pluginQueued, float64(p.Queued), p.Name)
	give(pluginBehind, float64(p.Behind), p.Name)
	give(pluginStopped, bit(p.Stopped != ""), p.Name)
	give(pluginPaused, bit(p.Paused), p.Name)
	give(pluginPinned, bit(p.Pinned), p.Name)
	give(pluginKept, float64(p.Revisions), p.Name)
	give(pluginLog, float64(p.LogBytes), p.Name)
	give(pluginLines, float64(p.LogLines), p.Name)
	give(pluginMemory, float64(p.Memory), p.Name)
	give(pluginPayload, float64(p.MappedBytes), p.Name, "mapped")
	give(pluginPayload, float64(p.CopiedBytes), p.Name, "copied")
	give(pluginDirty, float64(p.DirtyWindows), p.Name)
	give(pluginBusy, float64(p.BusyNs)/1e9, p.Name, revision)
	give(pluginUnseen, float64(p.Unseen), p.Name)
	give(pluginRestart, float64(p.Restarts), p.Name)
	if s := p.KV; s != nil {
		give(pluginKVBytes, float64(s.Bytes), p.Name)
		give(pluginKVKeys, float64(s.Keys), p.Name)
	}
	if s := p.HTTP; s != nil {
		for outcome, n := range s.Outcomes {
			give(httpRequests, float64(n), p.Name, outcome)
		}
		give(httpInFlight, float64(s.InFlight), p.Name)
		give(httpQueued, float64(s.Queued), p.Name)
	}
}
