package change

import (
	"maps"
	"sync"
	"time"

	"github.com/peltonhq/pelton/api/delta"
)

// Tally counts applies. Its zero value is ready.
type Tally struct {
	mu    sync.Mutex
	stats delta.Stats
}

// Runs notes the identity of what runs.
func (t *Tally) Runs(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Hash = id
}

// Done notes how an apply ended.
func (t *Tally) Done(outcome string, at time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stats.Outcomes == nil {
		t.stats.Outcomes = map[string]uint64{}
	}
	t.stats.Outcomes[outcome]++
	t.stats.Last, t.stats.Error = at, ""
	if err != nil {
		t.stats.Error = err.Error()
	}
}

// Stats are the figures.
func (t *Tally) Stats() delta.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Outcomes = map[string]uint64{}
	maps.Copy(s.Outcomes, t.stats.Outcomes)
	return s
}
