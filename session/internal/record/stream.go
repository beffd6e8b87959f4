package record

import (
	"encoding/binary"
	"time"

	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store"
)

// Stream is the key of what a session has beside its snapshots.
func (k *Keys) Stream(key string) []byte { return join(k.Streams, key, 0) }

// Producers is the prefix of a session's producers.
func (k *Keys) Producers(key string) []byte { return join(k.producer, key, 0) }

// Producer is the key of one producer.
func (k *Keys) Producer(key, id string) []byte { return store.AppendString(k.Producers(key), id) }

// EncodeStream is the inverse of DecodeStream.
func EncodeStream(s *stream.Stream) []byte {
	b := append(make([]byte, 0, 64+len(s.ContentType)+len(s.Seq)+len(s.Closer.ID)), format, 0)
	if s.Closed {
		b[1] = 1
	}
	b = binary.AppendUvarint(b, s.Epoch)
	b = binary.AppendVarint(b, int64(s.TTL))
	b = appendTime(b, s.Expires)
	b = appendTime(b, s.Touched)
	b = binary.AppendUvarint(b, s.Closer.Epoch)
	b = binary.AppendUvarint(b, s.Closer.Seq)
	b = appendText(b, s.Closer.ID)
	b = appendText(b, s.ContentType)
	return appendText(b, s.Seq)
}

// DecodeStream reads what a session has beside its snapshots.
func DecodeStream(b []byte) (*stream.Stream, error) {
	r := reader{rest: b}
	r.format()
	closed := r.byte()
	s := &stream.Stream{Closed: closed == 1, Epoch: r.uvarint(), TTL: time.Duration(r.varint()), Expires: r.time(), Touched: r.time()}
	s.Closer.Epoch, s.Closer.Seq, s.Closer.ID = r.uvarint(), r.uvarint(), string(r.bytes())
	s.ContentType, s.Seq = string(r.bytes()), string(r.bytes())
	r.bad = r.bad || closed > 1
	return s, r.end("stream")
}

// EncodeProducer is the inverse of DecodeProducer; the id is in the key.
func EncodeProducer(p stream.Producer) []byte {
	b := append(make([]byte, 0, 1+2*binary.MaxVarintLen64), format)
	return binary.AppendUvarint(binary.AppendUvarint(b, p.Epoch), p.Seq)
}

// DecodeProducer reads how far a producer is.
func DecodeProducer(id string, b []byte) (*stream.Producer, error) {
	r := reader{rest: b}
	r.format()
	p := &stream.Producer{ID: id, Epoch: r.uvarint(), Seq: r.uvarint()}
	return p, r.end("producer")
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendTime keeps nanoseconds: two expiries are compared. The zero time is one too few for a real one.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	b = append(b, 1)
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

func (r *reader) time() time.Time {
	switch r.byte() {
	case 0:
		return time.Time{}
	case 1:
		seconds, nanos := r.varint(), r.uvarint()
		r.bad = r.bad || nanos >= 1e9
		return time.Unix(seconds, int64(nanos)).UTC()
	}
	r.bad = true
	return time.Time{}
}
