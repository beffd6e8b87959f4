package delivery

import (
	"time"

	"github.com/peltonhq/pelton"
)

// Kind says why a record lies in the parking lot or among the dead letters.
type Kind string

// The kinds of record.
const (
	KindRetry    Kind = "retry"    // parked until its next attempt
	KindDefer    Kind = "defer"    // parked until the time the plugin asked for
	KindHold     Kind = "hold"     // parked until it is settled by token, or its lease ends
	KindBehind   Kind = "behind"   // parked behind the head of its key (D3); has no due time
	KindPause    Kind = "pause"    // parked until its plugin, which an operator paused, is resumed
	KindReplay   Kind = "replay"   // a dead letter on its way back
	KindOwed     Kind = "owed"     // acked, with a durable change of state: what it emitted is on its way
	KindDelivery Kind = "delivery" // dead: a plugin's delivery
	KindEmit     Kind = "emit"     // dead: an effect that its target refused
	KindFrame    Kind = "frame"    // dead: input that was no message
)

// Record is a parked or dead delivery or effect; owned.
type Record struct {
	Content

	ID       pelton.EffectID // of the delivery or effect; a frame has no target
	Kind     Kind
	Hash     uint64 // of the key, when its order is kept; 0 otherwise
	Due      time.Time
	Attempt  uint32 // offers so far
	Defers   uint32
	First    time.Time // first offer
	Failed   time.Time // last failure
	Reason   string    // last failure, or the dead reason
	Revision int       // of the plugin that decided last
	Replays  int
	Emits    []pelton.Emit `json:",omitempty"` // of KindOwed: all of the delivery's, in order
}

// Content is the message or effect of a record, or the input that was none.
type Content struct {
	HasKey      bool // tells an empty key from none
	Key         []byte
	Payload     []byte
	Fields      map[string]pelton.Field `json:",omitempty"` // where decode found them in Payload
	ContentType string                  // of a dead effect's payload
	Time        time.Time               // the message's own
	Trace       string
	Headers     []pelton.Header
	Length      int64  // bytes of a frame that was too large to be kept whole
	SHA256      string // of that frame
}

// WriteKind says what a [Write] does to the store.
type WriteKind uint8

// The kinds of write.
const (
	WritePark   WriteKind = iota + 1 // put or replace a parked record
	WriteDead                        // put a dead letter, and remove the parked record it may come from
	WriteRemove                      // a parked record is settled: remove it
	WriteState                       // a delivery with changes of its plugin's state is acked
)

// Write is one record that must be durable BEFORE [Ledger.Written] is called with its token. Writes are appended to
// the store in the order in which the ledger gives them out, but for those of kind WriteState: all of one ticket are
// appended together with the changes of state themselves, in the order of tickets, which is that of the plugin's turns.
type Write struct {
	Token  uint64
	Kind   WriteKind
	Record *Record           // metadata; bytes are filled in by the loop from Ref when it is valid
	Ref    pelton.Ref        // the message's bytes, lent until Written; zero when Record has them
	Parked bool              // the record stands in the parking lot now, and is replaced or removed
	Marks  []pelton.EffectID // effects of it known to be durable: they move to the lot's marks (S2)
	// Settle asks for a mark of the delivery itself among the lane's marks: the watermark has not passed it.
	Settle bool
	// Alone says that the ledger knows no other parked record of the same message.
	Alone bool
	// Leaving are records of the same message that earlier writes remove, though they may not be durable yet.
	Leaving []pelton.EffectID

	// The rest is of WriteState.

	State  uint64 // ticket of the changes
	Plugin int    // whose state it is, by index in the graph
	Owes   bool   // Record is put: the delivery's emits are on their way. Else it leaves a mark, and nothing else
	InLot  bool   // that mark is among the lot's
	// Behind says that other records of the message are on their way: the append must not overtake the writes that
	// were given out before it.
	Behind bool
}
