package follow

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// size of a message, which is JSON.
const size = 256

// A message begins with when it was made and its number; mark is how its stamp begins.
const (
	mark    = `{"at":"`
	middle  = `","seq":"`
	stamped = len(mark) + 16 + len(middle) + 8
)

// message is the n-th one, made now.
func message(n uint64) []byte {
	text := fmt.Appendf(make([]byte, 0, size), `%s%016x%s%08x","pad":"`, mark, time.Now().UnixNano(), middle, n)
	return append(append(text, bytes.Repeat([]byte("x"), size-len(text)-2)...), `"}`...)
}

var errStamp = errors.New("a stamp is broken")

// scanner finds the stamps in a stream, whatever is around them.
type scanner struct {
	rest []byte // begins a stamp, perhaps
	seen func(n uint64, at time.Time) error
}

// feed takes what came.
func (s *scanner) feed(text []byte) error {
	if len(s.rest) > 0 {
		s.rest = append(s.rest, text...)
		text = s.rest
	}
	used, err := s.scan(text)
	s.rest = append(s.rest[:0], text[used:]...)
	return err
}

// scan takes all whole stamps; what is behind used may be the beginning of another one.
func (s *scanner) scan(text []byte) (used int, err error) {
	for {
		i := bytes.Index(text[used:], []byte(mark))
		if i < 0 {
			return max(used, len(text)-len(mark)+1), nil // less than a mark may begin one
		}
		if used += i; len(text)-used < stamped {
			return used, nil
		}
		stamp := text[used+len(mark) : used+stamped]
		at, errAt := strconv.ParseInt(string(stamp[:16]), 16, 64)
		n, errN := strconv.ParseUint(string(stamp[16+len(middle):]), 16, 64)
		if err := errors.Join(errAt, errN); err != nil {
			return used, fmt.Errorf("%w: %q", errStamp, stamp)
		}
		if err := s.seen(n, time.Unix(0, at)); err != nil {
			return used, err
		}
		used += stamped
	}
}
