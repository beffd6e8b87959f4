package streams

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// digits is the length of each number of an offset: that of the largest.
const digits = 20

// none is the cursor of a start that has none.
var none pelton.Cursor

// offsetOf is a cursor as an offset, of which a later one of the stream is greater as text.
func offsetOf(c pelton.Cursor) string { return fmt.Sprintf("%0*d_%0*d", digits, c.Epoch, digits, c.ID) }

// offsetText is a cursor's text as an offset; the empty one, the beginning, is -1.
func offsetText(cursor string) string {
	c, err := pelton.ParseCursor(cursor)
	if err != nil {
		return "-1"
	}
	return offsetOf(c)
}

// parseOffset is the inverse of offsetOf.
func parseOffset(text string) (pelton.Cursor, bool) {
	if len(text) != 2*digits+1 || text[digits] != '_' {
		return none, false
	}
	epoch, ok := number(text[:digits])
	id, too := number(text[digits+1:])
	c := pelton.Cursor{Epoch: epoch, ID: id}
	return c, ok && too && c.Valid()
}

func number(text string) (uint64, bool) {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// start is where a read begins, and how it goes on.
type start struct {
	from   api.From
	after  pelton.Cursor
	live   string // empty, or one of the modes
	cursor string // of a live read before
}

// The modes of a live read.
const (
	longPoll = "long-poll"
	events   = "sse"
)

func startOf(q url.Values) (s start, err error) {
	s.live, s.cursor = q.Get("live"), q.Get("cursor")
	if s.live != "" && s.live != longPoll && s.live != events {
		return s, api.Errorf(api.InvalidArgument, "live=%.40q: unknown; want %s or %s, or none to read what is there", s.live, longPoll, events)
	}
	offsets := q["offset"]
	switch {
	case len(offsets) == 0 && s.live != "":
		return s, api.Errorf(api.InvalidArgument, "live=%s needs an offset: -1 for the beginning, now, or the last Stream-Next-Offset", s.live)
	case len(offsets) > 1:
		return s, api.Errorf(api.InvalidArgument, "offset is there %d times; want one", len(offsets))
	case len(offsets) == 0 || offsets[0] == "-1":
		s.from = api.FromBeginning
		return s, nil
	case offsets[0] == "now":
		s.from = api.FromNow
		return s, nil
	}
	var ok bool
	s.from = api.FromAfter
	if s.after, ok = parseOffset(offsets[0]); !ok {
		return s, api.Errorf(api.InvalidArgument, "offset=%.80q is none; want -1, now, or a Stream-Next-Offset of this stream", offsets[0])
	}
	return s, nil
}
