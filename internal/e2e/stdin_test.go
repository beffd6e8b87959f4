package e2e

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

const piped = `
sources:
  lines: {stdin: {}, decode: {format: json, key: n}}
plugins:
  copy: {from: [lines], wasm: {path: %s}}
sinks:
  out: {from: [copy], file: {path: %s}}
`

// pipeline is a config that copies standard input to a file, and the file.
func pipeline(t *testing.T) (config, out string) {
	t.Helper()
	plugin, err := filepath.Abs("testdata/copy")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out = filepath.Join(dir, "out.jsonl")
	return write(t, filepath.Join(dir, "pelton.yaml"), fmt.Sprintf(piped, plugin, out)), out
}

// numbered are the lines {"n":from} to {"n":to}.
func numbered(from, to int) string {
	var text strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprintf(&text, "{\"n\":%d}\n", n)
	}
	return text.String()
}

// TestStdin: a swap leaves standard input open, and its end is the end of the source.
func TestStdin(t *testing.T) {
	t.Parallel()
	config, out := pipeline(t)
	double := built(t, "testdata/double")
	c := wheelOf(t, config, "--until-idle")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	w := launch(t, c)
	io.WriteString(in, numbered(1, 100))
	w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Watermark > 100 })
	swap := w.asks("plugin", "swap", "copy", double)
	swapped := make(chan result, 1)
	go func() { swapped <- finish(t, swap) }()
	n := 100
	for done := false; !done; n++ { // its health window wants messages
		io.WriteString(in, numbered(n+1, n+1))
		select {
		case r := <-swapped:
			if done = true; r.code != 0 {
				t.Fatalf("%+v", r)
			}
		default:
			w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Watermark > uint64(n+1) })
		}
	}
	w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Watermark > uint64(n) })
	io.WriteString(in, numbered(n+1, n+100)+"{\"n\":0}") // no newline at the end
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if f := w.await("settled").Figures; f.Messages != uint64(n+101) || f.Dead != 0 {
		t.Errorf("settled with %+v, want %d messages", f, n+101)
	}
	w.exit()
	text := read(t, out)
	if !strings.HasPrefix(text, numbered(1, 100)) {
		t.Errorf("the first lines are %.200q", text)
	}
	if !strings.HasSuffix(text, "{\"n\":0}\n{\"n\":0}\n") || strings.Count(text, fmt.Sprintf("{\"n\":%d}\n", n+100)) != 2 {
		t.Errorf("the last lines are %q", text[max(0, len(text)-200):])
	}
}

// TestStdinKill: what was read of standard input is handled after a kill, once and in order, by a wheel that is given
// nothing more.
func TestStdinKill(t *testing.T) {
	t.Parallel()
	config, out := pipeline(t)
	r := random(t)
	reached, next := uint64(0), 1
	for range 3 {
		c := wheelOf(t, config)
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		w := launch(t, c)
		fed := make(chan int)
		go func(n int) { // until the pipe breaks
			for {
				text := numbered(n, n+99)
				if _, err := io.WriteString(in, text); err != nil {
					fed <- n
					return
				}
				n += 100
			}
		}(next)
		target := reached + 1 + uint64(r.IntN(30_000))
		s := w.until(func(s api.Stats) bool { return s.Sources[0].Lanes[0].Position >= target })
		reached = s.Sources[0].Lanes[0].Position
		w.kill()
		next = <-fed + 100
	}
	c := wheelOf(t, config, "--until-idle")
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	c.Stdin = none
	w := launch(t, c)
	w.await("settled")
	w.exit()
	lines := strings.Split(strings.TrimSuffix(read(t, out), "\n"), "\n")
	last := 0
	for i, line := range lines {
		var n int
		if _, err := fmt.Sscanf(line, "{\"n\":%d}", &n); err != nil {
			t.Fatalf("line %d is %q", i+1, line)
		}
		if n <= last {
			t.Fatalf("line %d is %d, the one before %d", i+1, n, last)
		}
		last = n
	}
	if uint64(len(lines)) < reached-1 {
		t.Errorf("%d lines, but the lane had read up to %d", len(lines), reached-1)
	}
	t.Logf("%d lines, the last lane had read up to %d", len(lines), reached-1)
}
