package main

import (
	"strings"
	"testing"
)

// A wheel is found by --addr, then PELTON_ADDR, then the config with its own environment.
func TestAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := write(t, dir, "c.yaml", "sources: {a: {http: {}}}\napi: {listen: '127.0.0.1:1234'}\n")
	unspecified := write(t, dir, "d.yaml", "sources: {a: {http: {}}}\napi: {listen: 'localhost:99'}\n")
	broken := write(t, dir, "e.yaml", "sorces: {}\n")
	for _, c := range []struct {
		app        app
		want, fail string
	}{
		{app{addr: "h:1", config: config, env: []string{"PELTON_ADDR=h:2"}}, "h:1", ""},
		{app{config: config, env: []string{"PELTON_ADDR=h:2"}}, "h:2", ""},
		{app{config: config}, "127.0.0.1:1234", ""},
		{app{config: config, env: []string{"PELTON_API_LISTEN=127.0.0.1:5"}}, "127.0.0.1:5", ""},
		{app{config: unspecified}, "localhost:99", ""},
		{app{}, "127.0.0.1:7070", ""},
		{app{env: []string{"PELTON_ADDR=h"}}, "", `PELTON_ADDR "h": want HOST:PORT`},
		{app{config: broken}, "", `did you mean "sources"?`},
		{app{config: dir + "/nope.yaml"}, "", "no config file"},
	} {
		got, err := c.app.address()
		if got != c.want || (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%+v: got %q, %v; want %q, %s", c.app, got, err, c.want, c.fail)
		}
	}
	for listen, want := range map[string]string{"0.0.0.0:7": "127.0.0.1:7", "[::]:7": "127.0.0.1:7", ":7": "127.0.0.1:7", "[::1]:7": "[::1]:7"} {
		if got, err := reachable("c.yaml", listen); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %s", listen, got, err, want)
		}
	}
}
