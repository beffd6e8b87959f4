package lot

import (
	"time"

	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// Postpone is the change that makes a parked record due at another time.
func Postpone(e *Entry, due time.Time) []store.Record {
	var out []store.Record
	if !e.Due.IsZero() {
		out = del(out, dueKey(e.ID, e.Due))
	}
	later := e.Record
	later.Due = due
	return enter(out, &later)
}

// Remove is the change that drops a parked record for good, and lets nothing of its delivery happen again.
func Remove(r store.Reader, e *Entry, watermark uint64) ([]store.Record, error) {
	w := delivery.Write{Kind: delivery.WriteRemove, Record: &e.Record, Parked: true, Settle: e.ID.Message.Position >= watermark, Alone: true}
	return Records(r, &w)
}
