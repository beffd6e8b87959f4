package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
)

// Message is one message to be published.
type Message struct {
	Key     []byte // nil: the configured key field is used
	Payload []byte
	Headers []pelton.Header
	Time    time.Time // zero means now
	// Bad, if set, says that this is input which is no message, found out before it was stored: Payload is what there is
	// of it, Bad.Payload is not used.
	Bad *decode.Bad
}

// overhead is what a message is charged with beside its bytes.
const overhead = 64

// Size is what the message counts against MaxBytes.
func (m *Message) Size() int64 {
	n := len(m.Key) + len(m.Payload) + overhead
	for _, h := range m.Headers {
		n += len(h.Name) + len(h.Value)
	}
	if m.Bad != nil {
		n += len(m.Bad.Reason) + len(m.Bad.SHA256)
	}
	return int64(n)
}

// The stored form:
//
//	version 2 only: version, reason, length, SHA-256 of what is bad; then the rest as in version 1
//	version 1:      version, time (8 bytes, nanoseconds since 1970), whether there is a key, the key, number of headers, (name, value) …, payload
//
// Texts have a length before them, the payload goes to the end. Numbers are unsigned varints.
const (
	version    = 1
	versionBad = 2
)

var errRecord = errors.New("ingest record is damaged")

func (m *Message) encode() []byte {
	b := make([]byte, 0, int(m.Size()))
	if m.Bad == nil {
		b = append(b, version)
	} else {
		b = text(append(b, versionBad), m.Bad.Reason)
		b = text(binary.AppendUvarint(b, uint64(m.Bad.Length)), m.Bad.SHA256)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(m.Time.UnixNano()))
	if m.Key == nil {
		b = append(b, 0)
	} else {
		b = text(append(b, 1), m.Key)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Headers)))
	for _, h := range m.Headers {
		b = text(text(b, h.Name), h.Value)
	}
	return append(b, m.Payload...)
}

func text[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// parse reads a stored message; key and payload alias b.
func parse(b []byte) (Message, error) {
	c := cursor{rest: b}
	var m Message
	switch v := c.take(1); {
	case len(v) == 1 && v[0] == versionBad:
		m.Bad = &decode.Bad{Reason: string(c.text()), Length: int64(c.number()), SHA256: string(c.text())}
	case len(v) == 1 && v[0] != version:
		return Message{}, fmt.Errorf("%w: version %d is not known", errRecord, v[0])
	}
	if nanoseconds := c.take(8); nanoseconds != nil {
		m.Time = time.Unix(0, int64(binary.BigEndian.Uint64(nanoseconds))).UTC()
	}
	if has := c.take(1); len(has) == 1 && has[0] == 1 {
		m.Key = c.text()
	}
	for n := c.number(); n > 0 && !c.failed; n-- {
		m.Headers = append(m.Headers, pelton.Header{Name: string(c.text()), Value: string(c.text())})
	}
	if c.failed {
		return Message{}, fmt.Errorf("%w: it ends too early", errRecord)
	}
	m.Payload = c.rest
	return m, nil
}

// cursor takes parts off the front of a record. After a failure it gives nothing.
type cursor struct {
	rest   []byte
	failed bool
}

func (c *cursor) take(n uint64) []byte {
	if c.failed || uint64(len(c.rest)) < n {
		c.failed = true
		return nil
	}
	part := c.rest[:n:n]
	c.rest = c.rest[n:]
	return part
}

func (c *cursor) number() uint64 {
	n, size := binary.Uvarint(c.rest)
	if size <= 0 {
		c.failed = true
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

func (c *cursor) text() []byte { return c.take(c.number()) }
