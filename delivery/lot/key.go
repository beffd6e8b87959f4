package lot

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// The key layouts, all of them after the space's byte:
//
//	mark     "lane"|"lot", source, lane, incarnation, position, path, target; several of a lane may be in one record (store.Marks)
//	lot      "record", source, lane, incarnation, position, path, target → record
//	lot      "owed", source, lane, incarnation, position, path, target → record of what an acked delivery owes
//	lot      "id", short id → key of the record
//	due      source, lane, due (ns), lane, …, target → key of the record
//	behind   source, lane, plugin, key hash, position, then plugin and ordinal per edge → whether it has a due time, and
//	         key of the record: the line of a key, its head and all behind it, in the order of the lane
//	dead     source, lane, incarnation, position, path, target → letter
//	index    "id", short id → key of the letter
//	index    "time", last failure (ns), short id → key of the letter
//
// Source and lane come first, so that what belongs to one lane's loop is one range; the incarnation comes later, because
// records of a former incarnation come back through the lane that bears the name now.

func lane(key []byte, id pelton.LaneID) []byte {
	key = store.AppendString(key, id.Source)
	key = store.AppendString(key, id.Lane)
	return store.AppendString(key, id.Incarnation)
}

func effect(key []byte, id pelton.EffectID) []byte {
	key = lane(key, id.Message.Lane)
	key = store.AppendUint64(key, id.Message.Position)
	key = store.AppendString(key, id.Message.Path)
	if !id.Target.Valid() {
		return store.AppendString(key, "") // a frame has no target
	}
	return store.AppendString(key, id.Target.String())
}

// cut is the inverse of effect.
func cut(key []byte) (id pelton.EffectID, err error) {
	m := &id.Message
	if m.Lane.Source, key, err = store.CutString(key); err != nil {
		return id, err
	}
	if m.Lane.Lane, key, err = store.CutString(key); err != nil {
		return id, err
	}
	if m.Lane.Incarnation, key, err = store.CutString(key); err != nil {
		return id, err
	}
	if m.Position, key, err = store.CutUint64(key); err != nil {
		return id, err
	}
	if m.Path, key, err = store.CutString(key); err != nil {
		return id, err
	}
	target, rest, err := store.CutString(key)
	if err != nil {
		return id, err
	}
	if len(rest) != 0 {
		return id, fmt.Errorf("key of %s has %d bytes too many: %w", id.Message, len(rest), store.ErrCorrupt)
	}
	if target == "" { // a frame
		return id, nil
	}
	id.Target, err = pelton.ParseTarget(target)
	return id, err
}

// Mark is the key that makes an effect happen once. The lane's marks go as the watermark passes them; the lot's
// marks belong to records out of the parking lot, and go with the last record of their message.
func Mark(parked bool, id pelton.EffectID) []byte {
	m := &id.Message
	parts := len(m.Lane.Source) + len(m.Lane.Lane) + len(m.Lane.Incarnation) + len(m.Path) + len(id.Target.Name)
	return effect(appendMarks(make([]byte, 0, parts+beside), parked), id)
}

// beside is what a mark has beside the parts of its id, unless they have bytes to escape: space, word, position, kind of
// target and terminators.
const beside = 40

func marks(parked bool) []byte { return appendMarks(nil, parked) }

func appendMarks(key []byte, parked bool) []byte {
	if parked {
		return store.AppendString(append(key, store.SpaceMark), "lot")
	}
	return append(key, store.LaneMarks...)
}

func recordKey(id pelton.EffectID) []byte {
	return effect(store.AppendString([]byte{store.SpaceLot}, "record"), id)
}

func owedKey(id pelton.EffectID) []byte { return effect(owedPrefix(), id) }

func owedPrefix() []byte { return store.AppendString([]byte{store.SpaceLot}, "owed") }

// places begin the keys of a message's records: parked, owed and dead.
func places() [][]byte {
	return [][]byte{store.AppendString([]byte{store.SpaceLot}, "record"), owedPrefix(), {store.SpaceDead}}
}

func recordID(short string) []byte {
	return store.AppendString(store.AppendString([]byte{store.SpaceLot}, "id"), short)
}

func dueKey(id pelton.EffectID, due time.Time) []byte {
	return effect(store.AppendUint64(duePrefix(id.Message.Lane.Source, id.Message.Lane.Lane), nanos(due)), id)
}

func duePrefix(source, lane string) []byte {
	return store.AppendString(store.AppendString([]byte{store.SpaceDue}, source), lane)
}

func behindKey(id pelton.EffectID, hash uint64) []byte {
	key := behindPrefix(id.Message.Lane.Source, id.Message.Lane.Lane)
	key = store.AppendUint64(store.AppendString(key, id.Target.Name), hash)
	key = store.AppendUint64(key, id.Message.Position)
	for plugin, ordinal := range id.Message.Edges() {
		key = store.AppendUint64(store.AppendString(key, plugin), uint64(ordinal))
	}
	return key
}

// The first byte of a value in the line of a key; one without is of an earlier version and begins with the record's key.
const (
	isDue  = 'd'
	isNext = 'n' // it has no due time: its turn comes when it is first in line
)

func inLine(r *delivery.Record, key []byte) []byte {
	word := byte(isDue)
	if r.Due.IsZero() {
		word = isNext
	}
	return append([]byte{word}, key...)
}

// ofLine is the record's key in a value of a line.
func ofLine(value []byte) []byte {
	if len(value) > 0 && (value[0] == isDue || value[0] == isNext) {
		return value[1:]
	}
	return value
}

func behindPrefix(source, lane string) []byte {
	return store.AppendString(store.AppendString([]byte{store.SpaceBehind}, source), lane)
}

func deadKey(id pelton.EffectID) []byte { return effect([]byte{store.SpaceDead}, id) }

func deadID(short string) []byte {
	return store.AppendString(store.AppendString([]byte{store.SpaceDeadIndex}, "id"), short)
}

func deadTime(at time.Time, short string) []byte {
	key := store.AppendString([]byte{store.SpaceDeadIndex}, "time")
	return store.AppendString(store.AppendUint64(key, nanos(at)), short)
}

// position narrows a lane's range to one position, or to all from it on.
func position(prefix []byte, id pelton.LaneID, from uint64) (start, one, end []byte) {
	all := lane(prefix, id)
	start = store.AppendUint64(all[:len(all):len(all)], from)
	return start, store.PrefixEnd(start), store.PrefixEnd(all)
}

func nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

// ID is the short, URL-safe name of a record in the API and the CLI: 16 letters and digits made from its identity,
// the same at every attempt.
func ID(id pelton.EffectID) string {
	target := ""
	if id.Target.Valid() {
		target = id.Target.String()
	}
	sum := sha256.Sum256([]byte(id.Message.String() + ">" + target))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}
