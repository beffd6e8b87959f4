// Package record lays out what sessions store: keys and values. It is pure.
//
//	SpaceSnapshot  name key epoch id   the snapshot
//	SpaceHead      name key            epoch, id, seq of its newest snapshot
//	SpaceLog       name seq            which snapshot, or which deletion
//	SpaceTombstone name key            epoch, id of the ended life, seq of the deletion
//	SpaceSession   name "name"         epoch of the log, number of sessions
//	SpaceSession   name "id" key id    epoch, id, seq of a client's append by its idempotency id
//	SpaceSession   name "stream" key   what a session that clients write has beside its snapshots
//	SpaceSession   name "producer" key id  epoch and seq that a producer has reached
//
// # Failure
//
// What does not decode is an [ErrFormat].
package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/store"
)

// The first byte of every value; another one is not read.
const (
	format  = 1
	revised = 2 // a snapshot with the revisions that made it
)

// ErrFormat says that a stored key or value is not one of ours.
var ErrFormat = errors.New("session record cannot be read")

// Keys builds the store keys of one session name. The exported fields are read only.
type Keys struct {
	snapshot, id, producer []byte // prefixes

	Heads, Logs, Tombstones, Streams []byte // prefixes
	Name                             []byte // the key of the name's own record
}

// NewKeys are the keys of a name.
func NewKeys(name string) Keys {
	return Keys{
		snapshot:   store.Key(store.SpaceSnapshot, name),
		Heads:      store.Key(store.SpaceHead, name),
		Logs:       store.Key(store.SpaceLog, name),
		Tombstones: store.Key(store.SpaceTombstone, name),
		Name:       store.Key(store.SpaceSession, name, "name"),
		id:         store.Key(store.SpaceSession, name, "id"),
		Streams:    store.Key(store.SpaceSession, name, "stream"),
		producer:   store.Key(store.SpaceSession, name, "producer"),
	}
}

func join(prefix []byte, key string, room int) []byte {
	b := make([]byte, len(prefix), len(prefix)+len(key)+2+room)
	copy(b, prefix)
	return store.AppendString(b, key)
}

// Life is the prefix of one epoch's snapshots.
func (k *Keys) Life(key string, epoch uint64) []byte {
	return store.AppendUint64(join(k.snapshot, key, 16), epoch)
}

// Snapshot is the key of one snapshot.
func (k *Keys) Snapshot(key string, epoch, id uint64) []byte {
	return store.AppendUint64(k.Life(key, epoch), id)
}

// Head is the key of a session's head.
func (k *Keys) Head(key string) []byte { return join(k.Heads, key, 0) }

// Tombstone is the key of an ended session.
func (k *Keys) Tombstone(key string) []byte { return join(k.Tombstones, key, 0) }

// IDs is the prefix of the ids of a session's clients.
func (k *Keys) IDs(key string) []byte { return join(k.id, key, 0) }

// ID is the key of one idempotency id.
func (k *Keys) ID(key, id string) []byte { return store.AppendString(k.IDs(key), id) }

// Log is the key of one entry of the log.
func (k *Keys) Log(seq uint64) []byte {
	b := make([]byte, len(k.Logs), len(k.Logs)+8)
	copy(b, k.Logs)
	return store.AppendUint64(b, seq)
}

// LastNumber is the number that ends a key: the id of a snapshot key, the seq of a log key.
func LastNumber(key []byte) (uint64, error) {
	if len(key) < 8 {
		return 0, fmt.Errorf("key %x: %w", key, ErrFormat)
	}
	return binary.BigEndian.Uint64(key[len(key)-8:]), nil
}

// Place is where a head, tombstone or client id points.
type Place struct{ Epoch, ID, Seq uint64 }

// Encode is the inverse of DecodePlace.
func (p Place) Encode() []byte {
	b := append(make([]byte, 0, 1+3*binary.MaxVarintLen64), format)
	b = binary.AppendUvarint(b, p.Epoch)
	b = binary.AppendUvarint(b, p.ID)
	return binary.AppendUvarint(b, p.Seq)
}

// DecodePlace reads a place.
func DecodePlace(b []byte) (Place, error) {
	r := reader{rest: b}
	r.format()
	p := Place{Epoch: r.uvarint(), ID: r.uvarint(), Seq: r.uvarint()}
	return p, r.end("place")
}

// Pointer is one entry of the log of a name.
type Pointer struct {
	Gone      bool // the key was deleted here
	Epoch, ID uint64
	Key       string
}

// Encode is the inverse of DecodePointer.
func (p Pointer) Encode() []byte {
	b := append(make([]byte, 0, 2+2*binary.MaxVarintLen64+len(p.Key)), format, 0)
	if p.Gone {
		b[1] = 1
	}
	b = binary.AppendUvarint(b, p.Epoch)
	b = binary.AppendUvarint(b, p.ID)
	return append(b, p.Key...)
}

// DecodePointer reads an entry of the log.
func DecodePointer(b []byte) (Pointer, error) {
	r := reader{rest: b}
	r.format()
	kind := r.byte()
	p := Pointer{Gone: kind == 1, Epoch: r.uvarint(), ID: r.uvarint(), Key: string(r.rest)}
	r.bad = r.bad || kind > 1
	r.rest = nil
	return p, r.end("log entry")
}

// Name is what a session name keeps of itself.
type Name struct{ Epoch, Count uint64 }

// Encode is the inverse of DecodeName.
func (n Name) Encode() []byte {
	b := append(make([]byte, 0, 1+2*binary.MaxVarintLen64), format)
	return binary.AppendUvarint(binary.AppendUvarint(b, n.Epoch), n.Count)
}

// DecodeName reads a name's record.
func DecodeName(b []byte) (Name, error) {
	r := reader{rest: b}
	r.format()
	n := Name{Epoch: r.uvarint(), Count: r.uvarint()}
	return n, r.end("name record")
}

// EncodeSnapshot is the value of a snapshot; name, key, epoch and id are in its key.
func EncodeSnapshot(s *pelton.Snapshot, made time.Time) []byte {
	b := make([]byte, 0, 1+8*binary.MaxVarintLen64+len(s.ContentType)+len(s.EffectID)+len(s.Payload))
	b = append(b, revised)
	b = binary.AppendUvarint(b, s.Seq)
	b = binary.AppendVarint(b, made.UnixMicro())
	b = binary.AppendVarint(b, s.Time.Unix())
	b = binary.AppendUvarint(b, uint64(s.Time.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(len(s.ContentType)))
	b = append(b, s.ContentType...)
	b = binary.AppendUvarint(b, uint64(len(s.EffectID)))
	b = append(b, s.EffectID...)
	b = binary.AppendUvarint(b, uint64(s.Revision))
	b = binary.AppendUvarint(b, uint64(s.Reducer))
	return append(b, s.Payload...)
}

// DecodeStamp reads no further than retention needs.
func DecodeStamp(b []byte) (seq uint64, made time.Time, err error) {
	r := reader{rest: b}
	r.snapshot()
	seq, made = r.uvarint(), time.UnixMicro(r.varint())
	r.rest = nil
	return seq, made, r.end("snapshot")
}

// DecodeSnapshot fills in what EncodeSnapshot wrote; the payload aliases b.
func DecodeSnapshot(b []byte, s *pelton.Snapshot) error {
	r := reader{rest: b}
	made := r.snapshot()
	s.Seq = r.uvarint()
	r.varint()
	seconds, nanos := r.varint(), r.uvarint()
	s.Time = time.Unix(seconds, int64(nanos)).UTC()
	s.ContentType = string(r.bytes())
	s.EffectID = string(r.bytes())
	if made == revised {
		s.Revision, s.Reducer = int(r.uvarint()&math.MaxInt32), int(r.uvarint()&math.MaxInt32)
	}
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

// snapshot reads the format of a snapshot, which may be an earlier one.
func (r *reader) snapshot() byte {
	made := r.byte()
	r.bad = r.bad || made != format && made != revised
	return made
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
		return fmt.Errorf("%s: %w", what, ErrFormat)
	}
	return nil
}
