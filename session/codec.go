package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/store"
)

// What the package stores, all keys being tuples of package store:
//
//	SpaceSnapshot  name key epoch id   the snapshot
//	SpaceHead      name key            epoch, id, seq of its newest snapshot
//	SpaceLog       name seq            which snapshot, or which deletion
//	SpaceTombstone name key            epoch, id of the ended life, seq of the deletion
//	SpaceSession   name "name"         epoch of the log, number of sessions
//	SpaceSession   name "id" key id    epoch, id of a client's append by its idempotency id
const format = 1 // first byte of every value; another one is not read

var errFormat = errors.New("session record cannot be read")

// keys builds the store keys of one session name.
type keys struct {
	snapshot, head, log, tombstone, name, id []byte // prefixes
}

func newKeys(name string) keys {
	return keys{
		snapshot:  store.Key(store.SpaceSnapshot, name),
		head:      store.Key(store.SpaceHead, name),
		log:       store.Key(store.SpaceLog, name),
		tombstone: store.Key(store.SpaceTombstone, name),
		name:      store.Key(store.SpaceSession, name, "name"),
		id:        store.Key(store.SpaceSession, name, "id"),
	}
}

func join(prefix []byte, key string, room int) []byte {
	b := make([]byte, len(prefix), len(prefix)+len(key)+2+room)
	copy(b, prefix)
	return store.AppendString(b, key)
}

// lifeKey is the prefix of one epoch's snapshots.
func (k *keys) lifeKey(key string, epoch uint64) []byte {
	return store.AppendUint64(join(k.snapshot, key, 16), epoch)
}

func (k *keys) snapshotKey(key string, epoch, id uint64) []byte {
	return store.AppendUint64(k.lifeKey(key, epoch), id)
}

func (k *keys) headKey(key string) []byte      { return join(k.head, key, 0) }
func (k *keys) tombstoneKey(key string) []byte { return join(k.tombstone, key, 0) }
func (k *keys) idsKey(key string) []byte       { return join(k.id, key, 0) }
func (k *keys) idKey(key, id string) []byte    { return store.AppendString(k.idsKey(key), id) }

func (k *keys) logKey(seq uint64) []byte {
	b := make([]byte, len(k.log), len(k.log)+8)
	copy(b, k.log)
	return store.AppendUint64(b, seq)
}

// lastNumber is the number that ends a key: the id of a snapshot key, the seq of a log key.
func lastNumber(key []byte) (uint64, error) {
	if len(key) < 8 {
		return 0, fmt.Errorf("key %x: %w", key, errFormat)
	}
	return binary.BigEndian.Uint64(key[len(key)-8:]), nil
}

// place is where a head, tombstone or client id points.
type place struct{ epoch, id, seq uint64 }

func (p place) encode() []byte {
	b := append(make([]byte, 0, 1+3*binary.MaxVarintLen64), format)
	b = binary.AppendUvarint(b, p.epoch)
	b = binary.AppendUvarint(b, p.id)
	return binary.AppendUvarint(b, p.seq)
}

func decodePlace(b []byte) (place, error) {
	r := reader{rest: b}
	r.format()
	p := place{epoch: r.uvarint(), id: r.uvarint(), seq: r.uvarint()}
	return p, r.end("place")
}

// pointer is one entry of the log of a name.
type pointer struct {
	gone      bool // the key was deleted here
	epoch, id uint64
	key       string
}

func (p pointer) encode() []byte {
	b := append(make([]byte, 0, 2+2*binary.MaxVarintLen64+len(p.key)), format, 0)
	if p.gone {
		b[1] = 1
	}
	b = binary.AppendUvarint(b, p.epoch)
	b = binary.AppendUvarint(b, p.id)
	return append(b, p.key...)
}

func decodePointer(b []byte) (pointer, error) {
	r := reader{rest: b}
	r.format()
	kind := r.byte()
	p := pointer{gone: kind == 1, epoch: r.uvarint(), id: r.uvarint(), key: string(r.rest)}
	r.bad = r.bad || kind > 1
	r.rest = nil
	return p, r.end("log entry")
}

// nameRecord is what a session name keeps of itself.
type nameRecord struct{ epoch, count uint64 }

func (n nameRecord) encode() []byte {
	b := append(make([]byte, 0, 1+2*binary.MaxVarintLen64), format)
	return binary.AppendUvarint(binary.AppendUvarint(b, n.epoch), n.count)
}

func decodeName(b []byte) (nameRecord, error) {
	r := reader{rest: b}
	r.format()
	n := nameRecord{epoch: r.uvarint(), count: r.uvarint()}
	return n, r.end("name record")
}

// encodeSnapshot is the value of a snapshot; name, key, epoch and id are in its key.
func encodeSnapshot(s *pelton.Snapshot, made time.Time) []byte {
	b := make([]byte, 0, 1+6*binary.MaxVarintLen64+len(s.ContentType)+len(s.EffectID)+len(s.Payload))
	b = append(b, format)
	b = binary.AppendUvarint(b, s.Seq)
	b = binary.AppendVarint(b, made.UnixMicro())
	b = binary.AppendVarint(b, s.Time.Unix())
	b = binary.AppendUvarint(b, uint64(s.Time.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(len(s.ContentType)))
	b = append(b, s.ContentType...)
	b = binary.AppendUvarint(b, uint64(len(s.EffectID)))
	b = append(b, s.EffectID...)
	return append(b, s.Payload...)
}

// decodeStamp reads no further than retention needs.
func decodeStamp(b []byte) (seq uint64, made time.Time, err error) {
	r := reader{rest: b}
	r.format()
	seq, made = r.uvarint(), time.UnixMicro(r.varint())
	r.rest = nil
	return seq, made, r.end("snapshot")
}

// decodeSnapshot fills in what encodeSnapshot wrote; the payload aliases b.
func decodeSnapshot(b []byte, s *pelton.Snapshot) error {
	r := reader{rest: b}
	r.format()
	s.Seq = r.uvarint()
	r.varint()
	seconds, nanos := r.varint(), r.uvarint()
	s.Time = time.Unix(seconds, int64(nanos)).UTC()
	s.ContentType = string(r.bytes())
	s.EffectID = string(r.bytes())
	s.Payload = r.rest
	r.bad = r.bad || nanos >= 1e9
	r.rest = nil
	return r.end("snapshot")
}

// reader takes values off the front; the first bad one spoils all that follow.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) format() {
	if r.byte() != format {
		r.bad = true
	}
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return v * r.skip(n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	return v * int64(r.skip(n))
}

func (r *reader) skip(n int) uint64 {
	if n <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return 1
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) end(what string) error {
	if r.bad || len(r.rest) > 0 {
		return fmt.Errorf("%s: %w", what, errFormat)
	}
	return nil
}
