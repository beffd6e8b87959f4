package gauge

import (
	"maps"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api"
)

// Meter turns a counter into a rate over the last second.
type Meter struct {
	mu     sync.Mutex
	at     time.Time
	last   uint64
	perSec float64
}

// Count takes the counter's value at a time; it is called several times a second.
func (m *Meter) Count(n uint64, now time.Time) {
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

// Rate is in messages, or whatever was counted, a second.
func (m *Meter) Rate() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.perSec
}

// Pause tells a source that stands still from one that waits for a moment now and then, as a fast one always does.
type Pause struct {
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

// Look takes why the source waits now, if it does, in a word and in a sentence, and how many messages it has read.
func (p *Pause) Look(kind, reason string, messages uint64, now time.Time) {
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

// Waits are the milliseconds that the source was paused, by kind of reason.
func (p *Pause) Waits() map[string]uint64 {
	p.mu.Lock()
	waited := maps.Clone(p.waited)
	p.mu.Unlock()
	out := make(map[string]uint64, len(waited))
	for kind, d := range waited {
		out[kind] = uint64(d.Milliseconds())
	}
	return out
}

// Reason is why the source is paused; empty when it is not.
func (p *Pause) Reason() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lasting {
		return ""
	}
	return p.why
}

// Memory is what the process uses.
func Memory() api.MemoryStats {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := api.MemoryStats{Heap: m.HeapAlloc, Goroutines: runtime.NumGoroutine()}
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			pages, _ := strconv.ParseUint(fields[1], 10, 64)
			s.RSS = pages * uint64(os.Getpagesize())
		}
	}
	return s
}
