package tap

import (
	"bytes"
	"time"

	"github.com/peltonhq/pelton"
)

// The kinds of nodes.
const (
	Source  = "source"
	Plugin  = "plugin"
	Session = "session"
	Sink    = "sink"
)

// Node is what is tapped. With an output, of a plugin, it is what the plugin puts out there.
type Node struct{ Kind, Name, Output string }

// String is "kind/name" or "plugin/name.output".
func (n Node) String() string {
	if n.Output != "" {
		return n.Kind + "/" + n.Name + "." + n.Output
	}
	return n.Kind + "/" + n.Name
}

// Sample is one message as it passed a node. At a source it is the message; at a plugin the message and what the plugin
// decided; at a plugin's output an emit that took effect; at a session or sink an effect that was handed to it.
type Sample struct {
	ID      string    // of the message, or of the effect
	Seen    time.Time // when it passed
	Time    time.Time // the message's own
	HasKey  bool
	Key     []byte
	Headers []pelton.Header
	Payload []byte // its beginning, if Size is more
	Size    int    // bytes of the whole payload
	Decided *Decided
}

// Decided is what a plugin made of a message.
type Decided struct {
	Verdict  string // ack, retry …; empty when it failed
	Reason   string
	After    time.Duration // of retry and hold
	Until    time.Time     // of defer
	Fault    string        // why it failed; empty when it did not
	Attempt  uint32
	Revision int
	Emits    []Emit
	Took     time.Duration // time in the plugin: its turn's, shared by all of it
	Turn     int           // messages of that turn
}

// Emit is one emit of a delivery, in order. It takes effect only with ack.
type Emit struct {
	Output  string
	HasKey  bool
	Key     []byte
	Payload []byte // its beginning, if Size is more
	Size    int
}

// Cut is a copy of the first most bytes of b; none for 0.
func Cut(b []byte, most int) []byte {
	return bytes.Clone(b[:min(len(b), most)])
}

// weight is the bytes that a sample is charged with in a queue.
func (s *Sample) weight() int64 {
	n := overhead + len(s.ID) + len(s.Key) + len(s.Payload)
	for _, h := range s.Headers {
		n += len(h.Name) + len(h.Value)
	}
	if d := s.Decided; d != nil {
		n += overhead + len(d.Reason) + len(d.Fault)
		for i := range d.Emits {
			n += overhead/4 + len(d.Emits[i].Key) + len(d.Emits[i].Payload)
		}
	}
	return int64(n)
}

const overhead = 256
