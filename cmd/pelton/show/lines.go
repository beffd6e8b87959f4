package show

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/peltonhq/pelton/cmd/pelton/text"
)

// Lines prints to people. Its zero fields are a pipe: no colours, and lines of any length.
type Lines struct {
	Out    io.Writer
	Colour bool
	Width  int // columns of the terminal, for lines that are cut; 0: they are not

	keys int // columns of the longest key so far
}

// cut is a payload whose size is more than what there is of it.
func cut(payload []byte, size int) string {
	line := text.Line(payload)
	if size > len(payload) {
		line += fmt.Sprintf("… (%d bytes)", size)
	}
	return line
}

// colours of words.
var colours = map[string]string{
	"ack": "32", "live": "32", "ok": "32", "PASS": "32", "retry": "33", "defer": "33", "hold": "33", "await": "33",
	"dead": "31", "fault": "31", "bad": "31", "refused": "31", "FAIL": "31", "error": "31",
}

func (l *Lines) paint(word, text string) string {
	if c, ok := colours[word]; ok && l.Colour {
		return "\x1b[" + c + "m" + text + "\x1b[0m"
	}
	return text
}

// dim is for what is beside the matter.
func (l *Lines) dim(text string) string {
	if l.Colour {
		return "\x1b[2m" + text + "\x1b[0m"
	}
	return text
}

// fit cuts a text so that its line, of which used columns are taken, fits the terminal.
func (l *Lines) fit(text string, used int) string {
	if l.Width == 0 {
		return text
	}
	return runewidth.Truncate(text, max(20, l.Width-used), "…")
}

// pad makes a text so many columns wide.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-runewidth.StringWidth(text)))
}

// key is a key in a column that grows with the longest.
func (l *Lines) key(has bool, key []byte) string {
	word := "-"
	if has {
		word = text.Line(key)
	}
	const widest = 32
	word = runewidth.Truncate(word, widest, "…")
	l.keys = max(l.keys, runewidth.StringWidth(word))
	return pad(word, l.keys)
}

// clock is a time of day.
func clock(t time.Time) string {
	return t.Local().Format("15:04:05.000") //nolint:gosmopolitan // people read their own time
}

// span is a short time with as many digits as say something.
func span(d time.Duration) string {
	switch {
	case d < 10*time.Microsecond:
		return d.Round(10 * time.Nanosecond).String()
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
