package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// terminal reports whether f is one.
func terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// printJSON prints one value. A list that is empty is [], never null: callers give slices that are made.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	if terminal(a.out) {
		e.SetIndent("", "  ")
	}
	return e.Encode(v)
}

// list makes a slice that is printed as [] when it is empty.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// table prints rows under a header, aligned. Words of a state are coloured.
func (a *app) table(header string, rows [][]string) {
	a.columns(append([][]string{strings.Fields(header)}, rows...))
}

// pairs prints names and values, aligned; empty values are left out.
func (a *app) pairs(pairs ...string) {
	var rows [][]string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			rows = append(rows, []string{pairs[i], pairs[i+1]})
		}
	}
	a.columns(rows)
}

// columns prints rows, aligned. Colours come after the padding, which must not count them.
func (a *app) columns(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		var text strings.Builder
		for i, cell := range row {
			text.WriteString(a.paint(cell) + strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell)+2))
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	a.printf("%s", out.String())
}

// payload prints a payload as it is best read.
func (a *app) payload(payload []byte) {
	var out bytes.Buffer
	switch {
	case json.Indent(&out, payload, "", "  ") == nil:
	case utf8.Valid(payload):
		out.Write(payload)
	default:
		out.WriteString(strings.TrimSuffix(hex.Dump(payload[:min(len(payload), dumped)]), "\n"))
		if more := len(payload) - dumped; more > 0 {
			fmt.Fprintf(&out, "\n(%d bytes more; --json has them)", more)
		}
	}
	out.WriteByte('\n')
	a.printf("%s", out.String())
}

// dumped is how many bytes of a payload that is no text are shown.
const dumped = 1024

// line is a payload on one line.
func line(payload []byte) string {
	var out bytes.Buffer
	switch {
	case json.Compact(&out, payload) == nil:
		return out.String()
	case utf8.Valid(payload):
		return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", " ").Replace(string(payload))
	}
	return fmt.Sprintf("(%d bytes)", len(payload))
}

// paint colours a word, on a terminal and unless NO_COLOR is set.
func (a *app) paint(word string) string {
	colours := map[string]string{
		"live": "32", "running": "32", "settled": "32",
		"paused": "33", "stopped": "31", "swapping": "33", "waiting": "33", "restarting": "33", "replaying": "33",
		"rolled back": "31", "failed": "31", "dead": "31",
	}
	c, ok := colours[word]
	if !ok || !terminal(a.out) || a.getenv("NO_COLOR") != "" || a.getenv("TERM") == "dumb" {
		return word
	}
	return "\x1b[" + c + "m" + word + "\x1b[0m"
}

// when is a time for people: near ones by their distance, others by their date.
func when(t time.Time, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t).Round(time.Second)
	switch {
	case d >= 24*time.Hour || d <= -24*time.Hour:
		return t.Local().Format("2006-01-02 15:04:05") //nolint:gosmopolitan // people read their own time
	case d < 0:
		return "in " + short(-d)
	case d == 0:
		return "now"
	}
	return short(d) + " ago"
}

// short is a duration in its largest unit.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// bytesOf is a number of bytes for people.
func bytesOf(n uint64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefix := float64(n)/unit, 0
	for value >= unit && prefix < 3 {
		value /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[prefix])
}

// digestOf is the beginning of a digest, enough to tell two apart.
func digestOf(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}

// document prints one JSON object on one line, for streams.
func (a *app) document(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
