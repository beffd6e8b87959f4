package decode

import (
	"bytes"
	"encoding/binary"
)

// prefix is the bytes of a length.
const prefix = 4

// spare is how much longer than its payload a frame may be that is not yet seen to be too large: a length before it
// or "\r\n" behind it.
const spare = prefix

// cutter finds where frames end. It keeps what it saw of the frame that it is in, so that no byte is looked at twice
// however slowly a frame arrives.
type cutter struct {
	framing Framing
	table   *table // for Records
	seen    int    // bytes of the frame that were looked at
	need    int64  // Length: bytes of the frame, with its prefix; 0 until the prefix is there
}

// begin makes ready for the next frame.
func (c *cutter) begin() {
	c.seen, c.need = 0, 0
	if c.table != nil {
		c.table.begin()
	}
}

// end returns the index behind the frame that starts at frame[0], or -1 when it goes on behind frame.
func (c *cutter) end(frame []byte) int {
	seen := c.seen
	c.seen = len(frame)
	switch c.framing {
	case Lines:
		if n := bytes.IndexByte(frame[seen:], '\n'); n >= 0 {
			return seen + n + 1
		}
	case Records:
		return c.table.end(frame, seen)
	case Length:
		if c.need == 0 && len(frame) >= prefix {
			c.need = prefix + int64(binary.BigEndian.Uint32(frame))
		}
		if c.need > 0 && int64(len(frame)) >= c.need {
			return int(c.need)
		}
	case Whole:
	}
	return -1
}

// drop forgets the first n bytes of a frame that is skipped: the next call of end gets what follows them.
func (c *cutter) drop(n int) {
	c.seen -= n
	c.need -= int64(n)
}

// over reports whether a frame that has no end in its first have bytes is surely larger than limit.
func (c *cutter) over(have, limit int) bool {
	switch c.framing {
	case Length:
		return c.need > int64(prefix+limit)
	case Whole:
		return have > limit
	case Lines, Records:
	}
	return have >= limit+len("\r\n")
}

// want is the room for the frame that is known to be needed; 0 when nothing is known.
func (c *cutter) want() int { return int(c.need) }

// payload is where the payload of a whole frame is inside it.
func (c *cutter) payload(frame []byte) (offset, length int) {
	switch c.framing {
	case Length:
		return prefix, len(frame) - prefix
	case Whole:
		return 0, len(frame)
	case Lines, Records:
	}
	return 0, len(trim(frame))
}

// trim takes the terminator off a line: "\n" or "\r\n", and "\r" alone at the end of the input.
func trim(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}
