package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/engine/config/words"
)

func TestExpand(t *testing.T) {
	env := words.NewEnvironment([]string{"A=1", "B=", "C=${A}", "X=a=b", "=bad", "bad"})
	for text, want := range map[string]string{
		"":              "",
		"plain $A $ {}": "plain $A $ {}",
		"${A}":          "1",
		"x${A}y${A}z":   "x1y1z",
		"${B:-d}":       "d",
		"${N:-}":        "",
		"${N:-a:b c-d}": "a:b c-d",
		"${A:-d}":       "1",
		"${C}":          "${A}",
		"${X}":          "a=b",
		"$${A}":         "${A}",
		"$${A} ${A}":    "${A} 1",
	} {
		if got, err := env.Expand(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"${N}":   "environment variable N is not set; set it, or give a default: ${N:-default}",
		"${B}":   "environment variable B is not set",
		"${A":    `"${A" has no closing brace`,
		"${}":    `"${}" is not a variable`,
		"${A-x}": `"${A-x}" is not a variable`,
		"${1A}":  `"${1A}" is not a variable`,
	} {
		if got, err := env.Expand(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v; want %s", text, got, err, want)
		}
	}
}

func TestVariables(t *testing.T) {
	text := `sources:
  a:
    demo:
      count: ${COUNT}
      rate: ${RATE:-7/s}
plugins:
  p:
    from: [a]
    native: {name: "${NAME}"}
    config:
      number: ${COUNT}
      text: "${COUNT}"
      inner: x${COUNT}
      list: ${LIST}
      block: |
        say ${NAME}
`
	c, err := Parse([]byte(text), "c.yaml", []string{"COUNT=12", "NAME=x", "LIST=[1, 2]"})
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Sources["a"].Demo; d.Count != 12 || d.Rate != 7 || c.Plugins["p"].Native.Name != "x" {
		t.Errorf("%+v, %+v", d, c.Plugins["p"].Native)
	}
	want := `{"number":12,"text":"12","inner":"x12","list":"[1, 2]","block":"say x\n"}`
	if got := string(c.Plugins["p"].Config); got != want {
		t.Errorf("config: got %s, want %s", got, want)
	}
	_, err = Parse([]byte(text), "c.yaml", nil)
	if err == nil || !strings.Contains(err.Error(), "c.yaml:4:7: sources.a.demo.count: environment variable COUNT is not set") {
		t.Errorf("unset: %v", err)
	}
}

// Defaults, then file, then environment, then flags; paths by who gives them.
func TestPrecedence(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	file := small + "api: {listen: '127.0.0.1:1'}\n"
	env := []string{"PELTON_API_LISTEN=127.0.0.1:2", "PELTON_ARENA_MAX_MESSAGE=64KiB", "PELTON_STORE_DIR=there", "PELTON_STORE_SYNC=off"}
	for _, c := range []struct {
		name        string
		text        string
		env         []string
		flags       []Override
		listen, dir string
	}{
		{"defaults", small, nil, nil, "127.0.0.1:7070", "/w/.pelton"},
		{"file", file, nil, nil, "127.0.0.1:1", "/w/.pelton"},
		{"environment", file, env, nil, "127.0.0.1:2", filepath.Join(dir, "there")},
		{"flags", file, env, []Override{{"api.listen", "127.0.0.1:3", "--listen"}, {"store.dir", "here", "--store"}}, "127.0.0.1:3", filepath.Join(dir, "here")},
	} {
		got, err := Parse([]byte(c.text), "/w/c.yaml", c.env, c.flags...)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if got.API.Listen != c.listen || got.Store.Dir != c.dir {
			t.Errorf("%s: listen %s, dir %s; want %s, %s", c.name, got.API.Listen, got.Store.Dir, c.listen, c.dir)
		}
		if c.env != nil && (got.Arena.MaxMessage != 64*KiB || got.Store.Sync != SyncOff) {
			t.Errorf("%s: %+v %+v", c.name, got.Arena, got.Store)
		}
	}
}

// A wrong value is reported by who gave it.
func TestOverrideErrors(t *testing.T) {
	_, err := Parse([]byte(small), "c.yaml", []string{"PELTON_ARENA_SIZE=64", "PELTON_STORE_SYNC=of"}, Override{"api.grpc", "x", "--grpc"}, Override{"api.nope", "x", "--nope"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`PELTON_ARENA_SIZE: arena.size: size "64": want a number with a unit`,
		`PELTON_STORE_SYNC: store.sync: unknown value "of"; did you mean "off"?`,
		`--grpc: api.grpc: "x" is not an address`,
		"--nope: api.nope: no such key",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
