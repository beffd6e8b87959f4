package main

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/peltonhq/pelton/cmd/pelton/text"
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

// columns prints rows, aligned.
func (a *app) columns(rows [][]string) { a.printf("%s", text.Columns(rows, a.paint)) }

// How things are said.
var (
	line     = text.Line
	when     = text.When
	short    = text.Short
	bytesOf  = text.Bytes
	digestOf = text.Digest
)

// payload prints a payload as it is best read.
func (a *app) payload(payload []byte) { a.printf("%s", text.Payload(payload)) }

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

// document prints one JSON object on one line, for streams.
func (a *app) document(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
