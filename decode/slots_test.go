package decode

import (
	"bytes"
	"context"
	"testing"

	"github.com/peltonhq/pelton"
)

// lazy is an Out that releases only when it is flushed, as a loop does that is a batch behind.
type lazy struct {
	*collector
	frames []Frame
}

func (l *lazy) Frame(_ context.Context, f Frame) error {
	l.frames = append(l.frames, f)
	return nil
}

func (l *lazy) Flush(ctx context.Context) error {
	for _, f := range l.frames {
		if err := l.collector.Frame(ctx, f); err != nil {
			return err
		}
	}
	l.frames = l.frames[:0]
	return nil
}

// A block holds more tiny messages than the arena has slots: the decoder waits for slots and goes on.
func TestMoreMessagesThanSlots(t *testing.T) {
	for name, c := range map[string]struct {
		config    Config
		line, key string
	}{
		"raw":         {Config{}, "x", ""},
		"json":        {Config{Format: JSON, Key: "a"}, `{"a":1}`, "1"},
		"escaped key": {Config{Format: JSON, Key: "a"}, `{"a":"\n"}`, "\n"},
		"no key":      {Config{Format: JSON, Key: "a"}, "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.MaxMessage = 60 << 10
			d, out := decoder(t, c.config)
			d.out = &lazy{collector: out}
			const n = 60000
			if err := d.Stream(t.Context(), bytes.NewReader(bytes.Repeat([]byte(c.line+"\n"), n)), 0); err != nil {
				t.Fatal(err)
			}
			if len(out.got) != n {
				t.Fatalf("%d messages, want %d", len(out.got), n)
			}
			for i, m := range out.got {
				if string(m.Payload) != c.line || string(m.Key) != c.key || m.frame.Ref == (pelton.Ref{}) {
					t.Fatalf("message %d: %q with key %q", i, m.Payload, m.Key)
				}
			}
			if s := d.Stats(); name == "no key" && s.NoKey != n {
				t.Errorf("%d without a key, want %d", s.NoKey, n)
			}
		})
	}
}
