package delivery

import "github.com/peltonhq/pelton"

// blocked are the keys of one plugin whose heads wait. Where there are many, nearly all of them stand in the parking lot with
// nothing behind them: of such a key its head's position is all that is kept, until it is looked at again.
type blocked struct {
	lane    *pelton.LaneID    // of heads at rest
	awake   map[uint64]*block // by the key's hash
	resting map[uint64]uint64 // position of the head, which is a message of the source, by the key's hash
}

func newBlocked(lane *pelton.LaneID) blocked {
	return blocked{lane: lane, awake: map[uint64]*block{}, resting: map[uint64]uint64{}}
}

func (k *blocked) len() int { return len(k.awake) + len(k.resting) }

// at is the block of a key, nil if it is not blocked. It does not rest any more.
func (k *blocked) at(hash uint64) *block {
	if b := k.awake[hash]; b != nil {
		return b
	}
	position, ok := k.resting[hash]
	if !ok {
		return nil
	}
	delete(k.resting, hash)
	b := &block{lot: true, head: pelton.MessageID{Lane: *k.lane, Position: position}}
	k.awake[hash] = b
	return b
}

// make blocks a key.
func (k *blocked) make(hash uint64, b *block) *block {
	k.awake[hash] = b
	return b
}

// forget unblocks a key that is awake.
func (k *blocked) forget(hash uint64) { delete(k.awake, hash) }

// rest keeps of a key no more than it needs, if its head is in the lot and alone.
func (k *blocked) rest(hash uint64) {
	b := k.awake[hash]
	if b == nil || !b.lot || b.out || b.next || b.parked > 0 || b.behind.len() > 0 || len(b.hands) > 0 || b.head.Path != "" || b.head.Lane != *k.lane {
		return
	}
	delete(k.awake, hash)
	k.resting[hash] = b.head.Position
}

// headed is the key, awake from now on, whose head stands in the lot and is this message.
func (k *blocked) headed(id pelton.MessageID) (hash uint64, ok bool) {
	for hash, b := range k.awake {
		if b.lot && !b.out && b.head == id {
			return hash, true
		}
	}
	if id.Path != "" || id.Lane != *k.lane {
		return 0, false
	}
	for hash, position := range k.resting {
		if position == id.Position {
			return hash, true
		}
	}
	return 0, false
}
