package sources

import (
	"strings"
	"testing"

	"github.com/peltonhq/pelton/bench/measure"
)

// Every wheel makes a snapshot of each message, and every client reads each; a wheel that has too few or too many is seen.
func TestSources(t *testing.T) {
	o := &measure.Options{Log: t.Output(), Dir: t.TempDir(), Tree: "../.."}
	program, err := build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	list, err := all(t.Context(), o.Dir, 3000, 200)
	defer func() {
		if err := shut(list); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			var f figures
			if err := f.add(t.Context(), s, program, o.Dir, 0); err != nil {
				t.Fatal(err)
			}
			if f.rate[0] <= 0 || f.cpu[0] <= 0 || f.peak[0] < 1 || f.raw[0] <= 0 || s.each != nil && f.each[0] <= 0 {
				t.Errorf("%+v", f)
			}
			few := *s
			few.load = &load{path: s.load.path, text: s.load.text, messages: 2999, keys: 200}
			if _, err := few.wheelOnce(t.Context(), program, o.Dir, 1); err == nil || !strings.Contains(err.Error(), "3000 snapshots") {
				t.Errorf("one message too many: %v", err)
			}
			if _, err := few.clientOnce(t.Context(), few.raw, 1); err == nil {
				t.Error("one message too many for the client, and no error")
			}
		})
	}
}

func TestLoad(t *testing.T) {
	l, err := newLoad(t.TempDir(), 1000, 150)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	n := 0
	err = l.each(func(i int, line []byte) error {
		if len(line) != size-1 || !strings.Contains(string(line), l.key(i)) {
			t.Errorf("message %d: %s", i, line)
		}
		seen[l.key(i)] = true
		n++
		return nil
	})
	if err != nil || n != 1000 || len(seen) != 150 {
		t.Errorf("%d messages, %d keys, %v", n, len(seen), err)
	}
}
