package show_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/cmd/pelton/show"
	"github.com/peltonhq/pelton/engine/dev"
	"github.com/peltonhq/pelton/engine/trial"
	"github.com/peltonhq/pelton/internal/tap"
)

func TestSample(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := show.Lines{Out: &out}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.Local) //nolint:gosmopolitan // as it is printed
	l.Sample(&tap.Sample{Seen: at, HasKey: true, Key: []byte("ORD"), Payload: []byte("{ \"a\": 1 }"), Size: 10})
	l.Sample(&tap.Sample{Seen: at, Payload: []byte("abc"), Size: 9, Decided: &tap.Decided{
		Verdict: "ack", Attempt: 2, Revision: 3, Took: 1234, Emits: []tap.Emit{{Output: "late", HasKey: true, Key: []byte("k"), Payload: []byte{0xff}, Size: 1}},
	}})
	l.Sample(&tap.Sample{Seen: at, Decided: &tap.Decided{Fault: "trap: oh\nstack", Attempt: 1, Revision: 1}})
	want := `03:04:05.006  ORD  {"a":1}
03:04:05.006  -    ack    #2 r3 1.23µs   abc… (9 bytes)
                   → late k  (1 bytes)
03:04:05.006  -    fault  #1 r1 0s       
                   trap: oh
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestALineFitsTheTerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := show.Lines{Out: &out, Width: 60}
	l.Sample(&tap.Sample{Payload: []byte(strings.Repeat("ü", 100)), Size: 200})
	if n := len([]rune(strings.TrimSpace(out.String()))); n > 60 {
		t.Errorf("%d columns: %s", n, out.String())
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := show.Lines{Out: &out, Colour: true}
	o := trial.Outcome{Name: "n", Plugin: "p", Messages: 1, Error: "one\ntwo"}
	for range 12 {
		o.Failures = append(o.Failures, trial.Failure{Message: 3, Key: "k", Lines: []string{"verdict: want a, got b"}})
	}
	l.Outcome(&o)
	text := out.String()
	if !strings.HasPrefix(text, "\x1b[31mFAIL\x1b[0m  p: n ") || strings.Count(text, "message 3 (key k):\n        verdict: want a, got b\n") != 10 ||
		!strings.Contains(text, "      one\n      two\n") || !strings.HasSuffix(text, "… and 2 more messages; --json has them\n") {
		t.Error(text)
	}
}

// The place of an error is given so that a terminal finds it from here.
func TestAnErrorIsLocated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	l := show.Lines{Out: &out}
	l.Dev(&dev.Event{Kind: "broken", Plugin: "p", Paths: []string{dir}, Err: errors.New("no:\n./main.go:12:3: undefined: x\nother.go:1: gone")})
	if text := out.String(); !strings.Contains(text, filepath.Base(dir)+"/main.go:12:3: undefined: x\n  other.go:1: gone\n") || strings.Contains(text, "./main.go") {
		t.Error(text)
	}
}
