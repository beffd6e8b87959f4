package decode

import (
	"context"

	"github.com/cespare/xxhash/v2"

	"github.com/peltonhq/pelton"
)

// Frame is one message, or one piece of input that is none, on its way from the reader to the loop.
type Frame struct {
	Ref      pelton.Ref // zero when Bad is set
	Position uint64     // identifies the message in its lane
	Next     uint64     // where reading resumes after it
	Hash     uint64     // of the key, see [Hash]
	Bad      *Bad
}

// Hash is a key's hash: 0 for a message without one. It is stored with parked records, so it never changes.
func Hash(key []byte) uint64 {
	if key == nil {
		return 0
	}
	return max(1, xxhash.Sum64(key))
}

// Bad is input that could not become a message: it becomes a dead letter (kind frame) and never stops the lane.
type Bad struct {
	Reason  string
	Payload []byte // owned; at most the first 64 KiB
	Length  int64  // bytes of the whole frame
	SHA256  string // hex, of the whole frame, when it was too large to be kept
}

// Out takes the frames of one lane, in order, on the reader's goroutine. The loop's ring implements it.
type Out interface {
	// Frame hands one frame over. It blocks while the ring is full and returns the context's error when it ends.
	Frame(ctx context.Context, f Frame) error
	// Flush makes what was handed over visible to the loop: the decoder calls it before it may block for input.
	Flush(ctx context.Context) error
}

// Record is a message that the source has framed already (an ingest record, a Kafka record). The bytes are copied.
type Record struct {
	Position, Next uint64
	Key            []byte // nil: the configured key field is used
	Payload        []byte
	Meta           pelton.Meta // Time, Trace, Headers; Lane and positions are set by the decoder
}
