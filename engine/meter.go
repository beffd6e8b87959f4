package engine

import (
	"maps"
	"sync"
	"time"
)

// meter turns a counter into a rate over the last second.
type meter struct {
	mu     sync.Mutex
	at     time.Time
	last   uint64
	perSec float64
}

// count takes the counter's value at a time; it is called several times a second.
func (m *meter) count(n uint64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	passed := now.Sub(m.at)
	if passed < time.Second {
		return
	}
	if !m.at.IsZero() && n >= m.last {
		m.perSec = float64(n-m.last) / passed.Seconds()
	}
	m.at, m.last = now, n
}

func (m *meter) rate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.perSec
}

// pause tells a source that stands still from one that waits for a moment now and then, as a fast one always does.
type pause struct {
	mu       sync.Mutex
	why      string
	since    time.Time
	messages uint64
	lasting  bool
	looked   time.Time
	waited   map[string]time.Duration // in lasting pauses, by kind
}

// standstill is how long a source that waits must take nothing in to count as paused.
const standstill = 250 * time.Millisecond

func (p *pause) look(kind, reason string, messages uint64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reason == "" || messages != p.messages || p.why == "" {
		p.since, p.messages = now, messages
	}
	p.why = reason
	before := p.lasting
	p.lasting = reason != "" && now.Sub(p.since) >= standstill
	if p.waited == nil {
		p.waited = map[string]time.Duration{}
	}
	switch {
	case p.lasting && before:
		p.waited[kind] += now.Sub(p.looked)
	case p.lasting:
		p.waited[kind] += now.Sub(p.since)
	}
	p.looked = now
}

// waits are the milliseconds that the source was paused, by kind of reason.
func (p *pause) waits() map[string]uint64 {
	p.mu.Lock()
	waited := maps.Clone(p.waited)
	p.mu.Unlock()
	out := make(map[string]uint64, len(waited))
	for kind, d := range waited {
		out[kind] = uint64(d.Milliseconds())
	}
	return out
}

func (p *pause) reason() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lasting {
		return ""
	}
	return p.why
}
