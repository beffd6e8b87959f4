package trial

import (
	"errors"
	"io"

	"github.com/peltonhq/pelton/internal/tap"
)

// ErrEnough says that a sample is as large as it may be.
var ErrEnough = errors.New("the sample is large enough")

// Writer writes a sample of what a tap shows.
type Writer struct {
	Out   io.Writer
	Most  int64 // bytes of payloads
	Bytes int64 // that were written
	Count uint64
	Cut   uint64 // messages that are not in the sample, since the tap did not carry all of them
	line  []byte
}

// Add writes one message; [ErrEnough] is that it is one too many.
func (w *Writer) Add(s *tap.Sample) error {
	switch {
	case s.Size > len(s.Payload):
		w.Cut++
		return nil
	case w.Bytes+int64(s.Size) > w.Most:
		return ErrEnough
	}
	m := MessageOf(s)
	var err error
	if w.line, err = m.Append(w.line[:0]); err != nil {
		return err
	}
	if _, err = w.Out.Write(w.line); err != nil {
		return err
	}
	w.Bytes += int64(s.Size)
	w.Count++
	return nil
}

// MessageOf is what a tap showed, to be given to a plugin again. It shares the sample's bytes.
func MessageOf(s *tap.Sample) Message {
	return Message{ID: s.ID, HasKey: s.HasKey, Key: s.Key, Time: s.Time, Headers: s.Headers, Payload: s.Payload}
}
