package lot

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// State of a dead letter.
type State string

// The states of a dead letter.
const (
	StateDead      State = "dead"
	StateReplaying State = "replaying" // on its way back to where it failed
	StateSettled   State = "settled"   // the replay was acked; replaying again needs force
)

// Entry is a record as it is stored. State is empty for a parked one.
type Entry struct {
	delivery.Record

	State State `json:",omitempty"`

	// At is the cursor behind it in the list that it was read from; it is not kept.
	At string `json:"-"`
}

// encode is a JSON head without the payload, its length before it, and the payload as it is: heads can be listed
// without copying payloads, and a later version can add to the head.
func encode(e *Entry) []byte {
	payload := e.Payload
	e.Payload = nil
	head, err := json.Marshal(e)
	e.Payload = payload
	if err != nil {
		panic("lot: a record's head is plain data: " + err.Error())
	}
	b := binary.AppendUvarint(make([]byte, 0, len(head)+len(payload)+4), uint64(len(head)))
	return append(append(b, head...), payload...)
}

func decode(b []byte) (*Entry, error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, fmt.Errorf("parked or dead record of %d bytes has no head: %w", len(b), store.ErrCorrupt)
	}
	e := new(Entry)
	if err := json.Unmarshal(b[used:used+int(n)], e); err != nil {
		return nil, fmt.Errorf("head of a parked or dead record: %w: %w", err, store.ErrCorrupt)
	}
	e.Payload = b[used+int(n):]
	return e, nil
}
