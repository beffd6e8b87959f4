package problem

import (
	"fmt"
	"strings"
)

// Place is where something stands in a file. The zero Place is nowhere: the config was built in Go.
type Place struct {
	File         string
	Line, Column int // from 1
}

// String is "file:line:column", or "config" for the zero Place.
func (p Place) String() string {
	switch {
	case p.File == "":
		return "config"
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one thing that is wrong, and where. Its text says what to do.
type Problem struct {
	Place Place
	Path  string // of the key, for example "plugins.delays.from[0]"; empty for the whole file
	Text  string
}

// String is "file:line:column: path: text".
func (p Problem) String() string {
	if p.Path == "" {
		return p.Place.String() + ": " + p.Text
	}
	return p.Place.String() + ": " + p.Path + ": " + p.Text
}

// Warning is something that is allowed and probably not meant.
type Warning Problem

// String is "file:line:column: path: text".
func (w Warning) String() string { return Problem(w).String() }

// Errors is all that is wrong with a config, in the order of the file.
type Errors []Problem

// Error is one problem a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
