package lot

import (
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/store"
)

// Sweep are the changes that forget the lot's marks of messages that have no record left, parked, owed or dead; a lane
// begins with them.
//
// A crash leaves such marks: a record leaves the lot while another of the same message is on its way to the store, so
// its marks stay for that one to take along (S2), and the crash loses the other. That message was not settled, so it is
// at or above the watermark, and nothing below has to be looked at. Its marks are not needed any more: what is settled
// of it has a mark among the lane's, and what is not begins again.
func Sweep(r store.Reader, id pelton.LaneID, watermark uint64) ([]store.Record, error) {
	var out []store.Record
	prefix := marks(true)
	start, _, end := position(prefix, id, watermark)
	for {
		at, found, err := firstAt(r, start, end, len(prefix))
		if err != nil || !found {
			return out, err
		}
		one, next, _ := position(prefix, id, at)
		alone, err := recordless(r, id, at)
		if err != nil {
			return nil, err
		}
		if alone {
			out = append(out, store.Record{Op: store.DeleteRange, Key: one, End: next})
		}
		start = next // all marks of a message are one range
	}
}

// firstAt is the position of the first key in a range.
func firstAt(r store.Reader, start, end []byte, skip int) (at uint64, found bool, err error) {
	for e, err := range r.Scan(start, end, store.ScanOptions{Limit: 1}) {
		if err != nil {
			return 0, false, err
		}
		id, err := cut(e.Key[skip:])
		return id.Message.Position, err == nil, err
	}
	return 0, false, nil
}

// recordless reports whether nothing of a message lies in the store.
func recordless(r store.Reader, id pelton.LaneID, at uint64) (bool, error) {
	for _, prefix := range places() {
		start, end, _ := position(prefix, id, at)
		_, found, err := firstAt(r, start, end, len(prefix))
		if found || err != nil {
			return false, err
		}
	}
	return true, nil
}
