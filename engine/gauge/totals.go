package gauge

import (
	"sync"
	"time"

	"github.com/peltonhq/pelton/delivery/lot"
	"github.com/peltonhq/pelton/store"
)

// Totals caches the count of parked and dead records: counting a million takes a good part of a second, and is asked for
// ten times a second.
type Totals struct {
	mu    sync.Mutex
	at    time.Time
	fresh time.Duration
	last  lot.Totals
}

// Count is what there is now, or was a while ago.
func (t *Totals) Count(s store.Reader) (lot.Totals, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	began := time.Now()
	if began.Sub(t.at) < t.fresh {
		return t.last, nil
	}
	c, err := lot.Count(s)
	if err != nil {
		return c, err
	}
	t.at = time.Now()
	t.last, t.fresh = c, 20*t.at.Sub(began)
	return c, nil
}
