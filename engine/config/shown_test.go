package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/engine/config"
)

// What is printed has the file's variables instead of what they stand for, hides literal secrets, and reads as the same.
func TestShown(t *testing.T) {
	t.Parallel()
	const file = `sources: {a: {demo: {}}}
plugins:
  p:
    from: [a]
    process: {command: [sh, "--key=${KEY}"], env: {URL: "https://x?k=${KEY}"}}
    config: {late: "${LATE}", also: 3, key: "${KEY}", text: "two ${KEY}"}
sessions:
  s: {from: [p], reduce: {wasm: {path: x.wasm}, config: {pass_phrase: "${KEY}", n: [1, "${KEY}"]}}}
sinks: {h: {from: [p], http: {url: "https://example.com", headers: {X-Key: "${KEY}"}}}}
`
	env := []string{"KEY=hunter2", "LATE=15"}
	c, err := config.Parse([]byte(file), "/w/pelton.yaml", env)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "hunter2") || !strings.Contains(string(out), "${KEY}") {
		t.Fatalf("printed:\n%s", out)
	}
	if c.Plugins["p"].Process.Env["URL"] != "https://x?k=hunter2" || !strings.Contains(string(c.Plugins["p"].Config), "hunter2") {
		t.Error("the config itself was changed")
	}
	again, err := config.Parse(out, "/w/pelton.yaml", env)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]config.JSON{
		{c.Plugins["p"].Config, again.Plugins["p"].Config}, {c.Sessions["s"].Reduce.Config, again.Sessions["s"].Reduce.Config},
	} {
		if !reflect.DeepEqual(values(t, pair[0]), values(t, pair[1])) {
			t.Errorf("%s reads as %s", pair[0], pair[1])
		}
	}
	if !reflect.DeepEqual(c.Sinks, again.Sinks) || !reflect.DeepEqual(c.Plugins["p"].Process, again.Plugins["p"].Process) {
		t.Errorf("a sink or process reads as another:\n%s", out)
	}

	literal, err := config.Parse([]byte("sources: {a: {demo: {}}}\nplugins: {p: {from: [a], native: {name: x}, config: {api_key: hunter2}}}\n"), "p.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := literal.Print(); err != nil || strings.Contains(string(out), "hunter2") || !strings.Contains(string(out), "(hidden)") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func values(t *testing.T, j config.JSON) (v any) {
	t.Helper()
	if err := json.Unmarshal(j, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
