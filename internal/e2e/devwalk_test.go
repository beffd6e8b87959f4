package e2e

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// spans are times, which differ each time.
var spans = regexp.MustCompile(`\d+(\.\d+)?(ms|µs|s)\b`)

// TestDevWalk does what docs/dev.md tells, and sees what it shows.
func TestDevWalk(t *testing.T) {
	t.Parallel()
	shown := blocks(t, "../../docs/dev.md")
	dir := filepath.Join(t.TempDir(), "flights")
	if err := os.CopyFS(dir, os.DirFS("../../examples/flights")); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "pelton.yaml"), "rate: 2000/s", "rate: 100/s")
	c := command(limited(t), "dev", "--sample", "tests/flights.ndjson", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	c.Dir = dir
	pipe, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewScanner(pipe)
	source := filepath.Join(dir, "plugins/delays/main.go")
	sees(t, out, shown[0])
	edit(t, source, "}{15}", "}{10}")
	sees(t, out, shown[1])
	edit(t, source, "}{10}", "}{ten}")
	sees(t, out, shown[2])
	edit(t, source, "}{ten}", "}{10}", "return pelton.Ack()", `panic("oh")`)
	sees(t, out, shown[3])
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	for out.Scan() { // all output is read before Wait closes it
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

// blocks are the lines of a page's blocks of text.
func blocks(t *testing.T, page string) (all [][]string) {
	t.Helper()
	for i, part := range strings.Split(read(t, page), "```text\n") {
		if block, _, _ := strings.Cut(part, "\n```"); i > 0 {
			all = append(all, strings.Split(block, "\n"))
		}
	}
	return all
}

// sees reads output until each line was there, in order.
func sees(t *testing.T, out *bufio.Scanner, lines []string) {
	t.Helper()
	for _, want := range lines {
		want = spans.ReplaceAllString(want, "T")
		found := false
		for !found && out.Scan() {
			found = spans.ReplaceAllString(out.Text(), "T") == want
		}
		if !found {
			t.Fatalf("dev did not print %q", want)
		}
	}
}
