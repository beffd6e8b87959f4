package nats

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	natsgo "github.com/nats-io/nats.go"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
)

// SubjectHeader is the header that every message gets beside its own: its subject.
const SubjectHeader = "Nats-Subject"

// Key says what of the subject is the message's key. The zero value: nothing, the decoder's key field counts.
type Key struct {
	subject bool
	token   int // of the subject, from 1; 0 is all of it
}

// ParseKey reads "subject" (all of it), "subject.2" (its second token) or "" (nothing).
func ParseKey(text string) (Key, error) {
	rest, ok := strings.CutPrefix(text, "subject")
	switch {
	case text == "":
		return Key{}, nil
	case ok && rest == "":
		return Key{subject: true}, nil
	case ok && rest[0] == '.':
		n, err := strconv.Atoi(rest[1:])
		if err == nil && n >= 1 && n <= 1000 {
			return Key{subject: true, token: n}, nil
		}
	}
	return Key{}, fmt.Errorf("nats.key %q: want subject, or subject.N for its N-th token", text)
}

// of is the key of a subject; nil when it has no such token.
func (k Key) of(subject string) []byte {
	if !k.subject {
		return nil
	}
	if k.token == 0 {
		return []byte(subject)
	}
	n := 1
	for token := range strings.SplitSeq(subject, ".") {
		if n == k.token {
			return []byte(token)
		}
		n++
	}
	return nil
}

// record is what the decoder takes of a message.
func (l *lane) record(m *natsgo.Msg, meta *natsgo.MsgMetadata) decode.Record {
	r := decode.Record{
		Position: meta.Sequence.Stream, Next: meta.Sequence.Stream + 1, Key: l.options.Key.of(m.Subject), Payload: m.Data,
		Meta: pelton.Meta{Time: meta.Timestamp, Headers: headers(m.Subject, m.Header)},
	}
	for i := range r.Meta.Headers {
		if strings.EqualFold(r.Meta.Headers[i].Name, "traceparent") {
			r.Meta.Trace = r.Meta.Headers[i].Value
		}
	}
	return r
}

// headers are the message's, by name since the client does not keep their order, and the subject before them.
func headers(subject string, h natsgo.Header) []pelton.Header {
	all := make([]pelton.Header, 1, 1+len(h))
	all[0] = pelton.Header{Name: SubjectHeader, Value: subject}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			all = append(all, pelton.Header{Name: name, Value: value})
		}
	}
	return all
}
