package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// full is the example of the documentation, every box of it.
const full = `# a comment
arena: {size: 64MiB, max_message: 1MiB}
store: {dir: .pelton}
sources:
  flights:
    file: {path: flights.jsonl, rate: 2000/s}
    decode:
      {format: json, key: origin, fields: [delay, destination],
       time: {field: date, layout: "2006/01/02 15:04", zone: UTC}}
plugins:
  delays:
    from: [flights]
    wasm: {path: plugins/delays}
    config: {late_after: 15, z: [1, 2.5, true, null, "x"], a: {b: c}}
    instances: 1
    order: key
    limits: {memory: 64MiB, time: 100ms, output: 1MiB}
    retry: {attempts: 5, initial: 100ms, max: 30s}
    health: {window: 10s, max_error_rate: 0.05, min_samples: 100}
sessions:
  airports:
    from: [delays.airports]
    reduce: {wasm: {path: /abs/airports}}
    retain: {snapshots: 10000, age: 24h}
sinks:
  late: {from: [delays.late], file: {path: late.jsonl, on_new: truncate}}
api: {listen: 127.0.0.1:7070, grpc: 127.0.0.1:7071}
`

func TestFull(t *testing.T) {
	c, err := Parse([]byte(full), "/w/pelton.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *c.Sources["flights"].File, (File{Path: "/w/flights.jsonl", RotateWait: 5 * Second, Lanes: 8, Rate: 2000}); got != want {
		t.Errorf("source: got %+v, want %+v", got, want)
	}
	if got, want := c.Sources["flights"].Decode, (Decode{
		Format: "json", Key: "origin", Fields: []string{"delay", "destination"},
		Time: Time{Field: "date", Layout: "2006/01/02 15:04", Zone: "UTC"},
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("decode: got %+v, want %+v", got, want)
	}
	want := DefaultPlugin()
	want.From, want.Wasm, want.Health.MinSamples = []string{"flights"}, &Wasm{Path: "/w/plugins/delays"}, 100
	want.Config = JSON(`{"late_after":15,"z":[1,2.5,true,null,"x"],"a":{"b":"c"}}`)
	if got := c.Plugins["delays"]; !reflect.DeepEqual(got, want) {
		t.Errorf("plugin: got %+v, want %+v", got, want)
	}
	s := c.Sessions["airports"]
	if s.Reduce.Wasm.Path != "/abs/airports" || s.Retain != (Retain{Snapshots: 10000, Age: 24 * Hour}) || s.Reduce.Limits.Memory != 64*MiB {
		t.Errorf("session: %+v, reduce %+v", s, s.Reduce)
	}
	if got, want := *c.Sinks["late"].File, (SinkFile{Path: "/w/late.jsonl", OnNew: OnNewTruncate}); got != want {
		t.Errorf("sink: got %+v, want %+v", got, want)
	}
	if c.Store.Dir != "/w/.pelton" || c.Dir != "/w" || c.File != "/w/pelton.yaml" {
		t.Errorf("store %q, dir %q, file %q", c.Store.Dir, c.Dir, c.File)
	}
	if got := c.At("plugins.delays.from[0]").String(); got != "/w/pelton.yaml:12:12" {
		t.Errorf("place of from: %s", got)
	}
	if w := c.Warnings(); len(w) != 0 {
		t.Errorf("warnings: %v", w)
	}
}

// Print gives a config that reads as the same.
func TestPrintRoundTrip(t *testing.T) {
	for name, text := range map[string]string{
		"full":  full,
		"kafka": kafkas,
		"small": small + "    order: {by: none, behind: 7}\n",
		"every": "sources:\n  a: {demo: {count: 18446744073709551615, rate: 7/h}, decode: {format: json, time: at}}\n  b: {http: {}}\n  c: {file: {path: 'x: y', follow: true}}\n" +
			"sinks:\n  o: {from: [a, b, c], stdout: }\n",
	} {
		first, err := Parse([]byte(text), "/w/pelton.yaml", nil)
		if err != nil {
			t.Fatal(name, err)
		}
		out, err := first.Print()
		if err != nil {
			t.Fatal(name, err)
		}
		second, err := Parse(out, "/w/pelton.yaml", nil)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		again, err := second.Print()
		if err != nil || !bytes.Equal(out, again) {
			t.Errorf("%s: %v\n%s\nand then\n%s", name, err, out, again)
		}
		first.places, second.places = places{}, places{}
		for n, p := range first.Plugins { // keys of a plugin's config are sorted by printing
			p.Config, p.Config = nil, nil
			first.Plugins[n] = p
			q := second.Plugins[n]
			q.Config = nil
			second.Plugins[n] = q
		}
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%s: %+v\nis read as\n%+v", name, first, second)
		}
	}
}

func TestOrderOfNames(t *testing.T) {
	c, err := Parse([]byte("sources: {z: {http: {}}, b: {http: {}}, a: {http: {}}}"), "c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.SourceNames(); !slices.Equal(got, []string{"z", "b", "a"}) {
		t.Errorf("got %v", got)
	}
	c.Sources["c"] = Source{}
	delete(c.Sources, "b")
	if got := c.SourceNames(); !slices.Equal(got, []string{"z", "a", "c"}) {
		t.Errorf("after a change: %v", got)
	}
}

func TestBuiltInGo(t *testing.T) {
	c := Default()
	d := DefaultDemo()
	s := DefaultSource()
	s.Demo = &d
	c.Sources["numbers"] = s
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	p := DefaultPlugin()
	p.From, p.Native = []string{"number"}, &Native{Name: "x"}
	c.Plugins["double"] = p
	want := `config: plugins.double.from[0]: no source or plugin is named "number"; did you mean "numbers"?`
	if err := c.Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pelton.yaml")
	if _, err := Load(path, nil); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Load(dir, nil); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
	if err := os.WriteFile(path, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, nil)
	if err != nil || c.Store.Dir != filepath.Join(dir, ".pelton") {
		t.Errorf("%v, store %s", err, c.Store.Dir)
	}
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), "at most 1 MiB") {
		t.Errorf("large: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(small))
	f.Add([]byte("a: &a [*a]\nb: {<<: *a, ? [x] : y}\n"))
	f.Add([]byte("sources: {a: {demo: {rate: ${X:-1/s}}}}\n---\n- |\n  ${\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data, "f.yaml", []string{"X=1", "PELTON_ARENA_SIZE=1MiB"})
		if err != nil {
			var all Errors
			if !errors.As(err, &all) || len(all) == 0 || strings.TrimSpace(all.Error()) == "" {
				t.Fatalf("not an Errors: %#v", err)
			}
			return
		}
		out, err := c.Print()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(out, "f.yaml", nil); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}
