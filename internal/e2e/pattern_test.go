package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/peltonhq/pelton/api"
)

// lines cuts the flights into n texts.
func lines(t *testing.T, n int) [][]byte {
	t.Helper()
	all := bytes.SplitAfter([]byte(read(t, "../../examples/flights/flights.jsonl")), []byte("\n"))
	var parts [][]byte
	for part := range slices.Chunk(all, (len(all)+n-1)/n) {
		parts = append(parts, bytes.Join(part, nil))
	}
	return parts
}

// packed is a text as it is, as gzip, or as zstd in two frames.
func packed(t *testing.T, i int, text []byte) (data []byte, ext string) {
	t.Helper()
	var b bytes.Buffer
	switch i % 3 {
	case 0:
		return text, ""
	case 1:
		z := gzip.NewWriter(&b)
		if _, err := z.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes(), ".gz"
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	half := len(text) / 2
	return z.EncodeAll(text[half:], z.EncodeAll(text[:half], nil)), ".zst"
}

func never(string) bool { return false }

// TestPattern reads flights that are cut into more files than are read at a time, packed or not, and is killed meanwhile:
// each flight makes one snapshot and each late one a line (D1, S1, S2), and a run behind the end does nothing.
func TestPattern(t *testing.T) {
	t.Parallel()
	config := example(t, "path: flights.jsonl", "path: in/*\n      lanes: 3")
	dir := filepath.Join(filepath.Dir(config), "in")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, text := range lines(t, 12) {
		data, ext := packed(t, i, text)
		write(t, filepath.Join(dir, fmt.Sprintf("%02d.jsonl%s", i, ext)), string(data))
	}
	rnd := random(t)
	r := reader{t: t, name: "airports"}
	for range 2 {
		w := start(t, config)
		r.read(w, 1+rnd.IntN(4000))
		w.kill()
	}
	w := start(t, config)
	w.until(func(s api.Stats) bool { return s.Settled })
	all := reader{t: t, name: "airports"}
	o := flights(t)
	all.read(w, o.total)
	o.snapshots(t, all.seen, never)
	o.sink(t, read(t, filepath.Join(filepath.Dir(config), "late.jsonl")))
	w.stop()
	last := start(t, config, "--until-idle")
	if e := last.await("settled"); e.Figures.Messages != 0 {
		t.Errorf("the run behind the end read %d messages", e.Figures.Messages)
	}
	last.exit()
}

// TestRotation follows a log that is rotated while flights are written to it, by renaming, also while the wheel was killed
// and is down: nothing of the renamed file is lost, nothing comes twice, and the new file is said to be one.
func TestRotation(t *testing.T) {
	t.Parallel()
	config := example(t, "path: flights.jsonl", "path: live.jsonl\n      follow: true\n      rotate_wait: 200ms")
	live := filepath.Join(filepath.Dir(config), "live.jsonl")
	parts := lines(t, 6)
	write(t, live, string(parts[0]))
	w := startWarned(t, config)
	count := func(n int) func(api.Stats) bool {
		want := 0
		for _, part := range parts[:n] {
			want += bytes.Count(part, []byte("\n"))
		}
		return func(s api.Stats) bool { return s.Sessions[0].Snapshots >= uint64(want) }
	}
	w.until(count(1))

	// While it runs, by renaming; the writer has the old file open still.
	rename(t, live, live+".1")
	write(t, live, string(parts[2]))
	appendTo(t, live+".1", parts[1])
	w.until(count(3))

	// While it is down: it had not read the end of the old file.
	w.kill()
	appendTo(t, live, parts[3])
	rename(t, live, live+".2")
	write(t, live, string(parts[4]))
	w = startWarned(t, config)
	appendTo(t, live, parts[5])
	o := flights(t)
	all := reader{t: t, name: "airports"}
	all.read(w, o.total)
	o.snapshots(t, all.seen, always)
	w.until(func(s api.Stats) bool { return s.Sinks[0].Queued == 0 && s.Sources[0].Lanes[0].InFlight == 0 })
	o.sink(t, read(t, filepath.Join(filepath.Dir(config), "late.jsonl")))
	w.stop()
	var told strings.Builder
	for _, e := range w.told {
		if e.Event == "warning" {
			told.WriteString(e.Reason + "\n")
		}
	}
	if !strings.Contains(told.String(), "was rotated: reading the rest of what it was first") || !strings.Contains(told.String(), "has new content") {
		t.Errorf("it told %q", told.String())
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path string, text []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
