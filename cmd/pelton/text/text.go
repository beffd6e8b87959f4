package text

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Columns are rows, aligned. Colours come after the padding, which must not count them.
func Columns(rows [][]string, paint func(string) string) string {
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
			text.WriteString(paint(cell) + strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell)+2))
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return out.String()
}

// Payload is a payload as it is best read.
func Payload(payload []byte) string {
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
	return out.String()
}

// dumped is how many bytes of a payload that is no text are shown.
const dumped = 1024

// Line is a payload on one line.
func Line(payload []byte) string {
	var out bytes.Buffer
	switch {
	case json.Compact(&out, payload) == nil:
		return out.String()
	case utf8.Valid(payload):
		return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", " ").Replace(string(payload))
	}
	return fmt.Sprintf("(%d bytes)", len(payload))
}

// When is a time for people: near ones by their distance, others by their date.
func When(t time.Time, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t).Round(time.Second)
	switch {
	case d >= 24*time.Hour || d <= -24*time.Hour:
		return t.Local().Format("2006-01-02 15:04:05") //nolint:gosmopolitan // people read their own time
	case d < 0:
		return "in " + Short(-d)
	case d == 0:
		return "now"
	}
	return Short(d) + " ago"
}

// Short is a duration in its largest unit.
func Short(d time.Duration) string {
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

// Bytes is a number of bytes for people.
func Bytes(n uint64) string {
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

// Digest is the beginning of a digest, enough to tell two apart.
func Digest(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}
