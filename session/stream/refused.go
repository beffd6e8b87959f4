package stream

// Why is the class of a [RefusedError].
type Why uint8

// Why a write is refused. The zero Why is invalid.
const (
	Missing   Why = iota + 1 // there is no such stream
	Expired                  // its life is over; it is to be deleted
	Differs                  // it was created otherwise
	WasClosed                // nothing may follow
	WrongType                // another content type
	OldSeq                   // Stream-Seq went back
	Fenced                   // a newer epoch of the producer was seen
	BadStart                 // a producer's new epoch does not begin with seq 0
	OutOfTurn                // a producer's seq is missing before this one
)

// RefusedError says why a write was not done.
type RefusedError struct {
	Why                Why
	Text               string
	Stream             *Stream // as it is; nil when there is none
	Epoch              uint64  // Fenced: the producer's
	Expected, Received uint64  // OutOfTurn
}

func refused(why Why, s *Stream, text string) *RefusedError {
	return &RefusedError{Why: why, Text: text, Stream: s}
}

func (r *RefusedError) Error() string { return r.Text }
