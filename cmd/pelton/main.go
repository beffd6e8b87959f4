package main

import (
	"os"
	"strings"

	"github.com/peltonhq/pelton/cmd/pelton/access"
)

func main() {
	os.Exit(newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ()).main(os.Args[1:]))
}

// version is set by the linker for releases.
var version = ""

// app is one run of the program: what it reads and writes.
type app struct {
	in       *os.File
	out, err *os.File
	env      []string

	json   bool   // --json
	addr   string // --addr
	access access.Flags
	config string // --config
}

func newApp(in, out, err *os.File, env []string) *app {
	return &app{in: in, out: out, err: err, env: env}
}

// getenv is the value of a variable; empty when it is not set.
func (a *app) getenv(name string) string {
	value := ""
	for _, pair := range a.env {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			value = v
		}
	}
	return value
}
