package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

const windows = `
arena: {size: 4MiB, max_message: 256KiB}
sources:
  large: {file: {path: large.jsonl}, decode: {format: json, key: k}}
plugins:
  shown: {from: [large], wasm: {path: DIR/copy, window: mapped}, limits: {queue: 2MiB}}
  behind: {from: [shown], wasm: {path: DIR/copy, window: mapped}}
  isolated: {from: [large], wasm: {path: DIR/copy, trust: isolated}}
  copied: {from: [large], wasm: {path: DIR/copy}}
sinks:
  behind: {from: [behind], file: {path: behind.jsonl}}
  isolated: {from: [isolated], file: {path: isolated.jsonl}}
  copied: {from: [copied], file: {path: copied.jsonl}}
`

// TestWindow runs large messages through plugins that are shown them and through plugins that get copies: all of them
// see the same.
func TestWindow(t *testing.T) {
	t.Parallel()
	home, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, 600)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"k":"%d","n":%d,"pad":"%s"}`, i%7, i, strings.Repeat(string(rune('a'+i%26)), r.IntN(100<<10)))
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "large.jsonl"), strings.Join(lines, "\n")+"\n")
	w := start(t, write(t, filepath.Join(dir, "pelton.yaml"), strings.ReplaceAll(windows, "DIR", home)))
	if f := w.await("settled").Figures; f.Messages != uint64(len(lines)) || f.Dead+f.Parked != 0 {
		t.Errorf("settled with %+v", f)
	}
	slices.Sort(lines)
	for _, sink := range []string{"behind", "isolated", "copied"} {
		got := strings.Split(strings.TrimSuffix(read(t, filepath.Join(dir, sink+".jsonl")), "\n"), "\n")
		slices.Sort(got)
		if !slices.Equal(got, lines) {
			t.Errorf("sink %s has %d lines, or others than went in", sink, len(got))
		}
	}
	var stats api.Stats
	w.says(&stats, "stats")
	for _, p := range stats.Plugins {
		mapped := runtime.GOOS == "linux" && (p.Name == "shown" || p.Name == "behind")
		if (p.MappedBytes > 20<<20) != mapped || p.CopiedBytes == 0 || p.DirtyWindows > 0 {
			t.Errorf("plugin %s: %+v", p.Name, p.Window)
		}
	}
	w.stop()
}
