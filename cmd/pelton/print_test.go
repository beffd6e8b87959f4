package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local) //nolint:gosmopolitan // as when prints it
	for ago, want := range map[time.Duration]string{
		0: "now", 300 * time.Millisecond: "now", 3 * time.Second: "3s ago", 90 * time.Second: "1m ago", 2*time.Hour + 5*time.Minute: "2h05m ago",
		-12 * time.Second: "in 12s", 48 * time.Hour: "2025-12-31 03:04:05",
	} {
		if got := when(now.Add(-ago), now); got != want {
			t.Errorf("%s: got %q, want %q", ago, got, want)
		}
	}
	if got := when(time.Time{}, now); got != "" {
		t.Errorf("the zero time: %q", got)
	}
}

func TestBytesOf(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3.0 TiB", 5 << 50: "5120.0 TiB"} {
		if got := bytesOf(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{"{\n \"a\": 1}": `{"a":1}`, "two\nlines": `two\nlines`, "\xff\xfe": "(2 bytes)", "": ""} {
		if got := line([]byte(payload)); got != want {
			t.Errorf("%q: got %q, want %q", payload, got, want)
		}
	}
}

// Columns are aligned by what is seen, and nothing hangs over the end of a line.
func TestTable(t *testing.T) {
	t.Parallel()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	newApp(nil, out, out, nil).table("NAME STATE", [][]string{{"a", "live"}, {"größer", "dead"}, {"b", ""}})
	text, err := os.ReadFile(out.Name())
	if want := "NAME    STATE\na       live\ngrößer  dead\nb\n"; err != nil || string(text) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, text, want)
	}
}
