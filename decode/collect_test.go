package decode

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing/iotest"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

// arrival is the time that the tests' clock shows.
var arrival = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// collector is an Out that copies what it is handed and releases it at once.
type collector struct {
	lane    *arena.Lane
	view    func(pelton.Ref) (pelton.View, error)
	got     []collected
	flushes int
	refuse  error // what Frame answers, if set
	discard bool  // release only
}

type collected struct {
	pelton.Message
	fields map[string]string
	frame  Frame
}

func (c *collector) Frame(_ context.Context, f Frame) error {
	if c.refuse != nil {
		return c.refuse
	}
	if c.discard {
		return c.lane.Release(f.Ref)
	}
	if f.Bad != nil {
		c.got = append(c.got, collected{frame: f})
		return nil
	}
	v, err := c.view(f.Ref)
	if err != nil {
		return err
	}
	if f.Hash != Hash(v.Key()) {
		return fmt.Errorf("hash %x of key %q, want %x", f.Hash, v.Key(), Hash(v.Key()))
	}
	m := collected{Message: v.Own(), frame: f, fields: map[string]string{}}
	if v.Key() != nil {
		m.Key = append([]byte{}, v.Key()...)
	}
	for _, name := range []string{"delay", "origin", "user.id", "a", "b"} {
		if value, ok := v.Field(name); ok {
			m.fields[name] = value.String()
		}
	}
	c.got = append(c.got, m)
	return c.lane.Release(f.Ref)
}

func (c *collector) Flush(context.Context) error {
	c.flushes++
	return nil
}

// payloads are the messages' payloads in order; a bad frame is "!" and its reason up to the first colon.
func (c *collector) payloads() []string {
	all := make([]string, 0, len(c.got))
	for _, m := range c.got {
		if b := m.frame.Bad; b != nil {
			kind, _, _ := bytes.Cut([]byte(b.Reason), []byte(":"))
			all = append(all, "!"+string(kind))
			continue
		}
		all = append(all, string(m.Payload))
	}
	return all
}

// slow gives at most n bytes a read.
type slow struct {
	r io.Reader
	n int
}

func (s slow) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }

// readers are the same input in the ways that it can arrive.
func readers(data []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"at once":      bytes.NewReader(data),
		"by the byte":  iotest.OneByteReader(bytes.NewReader(data)),
		"in sevens":    slow{bytes.NewReader(data), 7},
		"eof attached": iotest.DataErrReader(bytes.NewReader(data)),
	}
}
