package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	j, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// The schema takes what Load takes: the examples, what Print writes.
func TestSchemaTakes(t *testing.T) {
	s := compiled(t)
	texts := map[string]string{
		"full": full, "small": small, "printed": "",
		"variables":  "sources: {a: {demo: {rate: '${RATE}', size: '${SIZE:-1KiB}'}}}",
		"granted":    small + "    capabilities: {kv: {}, http: {allow: ['a.example:443', '[::1]:80'], private: true, timeout: 1s}}\n",
		"order":      small + "    order: {by: none, behind: 5}\n",
		"kafka":      kafkas,
		"http sink":  small + "sinks: {o: {from: [double], http: {url: 'http://a', method: PUT, headers: {X-A: b}, headers_file: {Authorization: token}, batch: 10}}}\n",
		"queues":     "sources: {a: {mqtt: {}}, b: {stdin: {}}, c: {http: {headers: [X-A]}}, d: {mqtt: {key: client, tls: {cert_file: x, key_file: y}, topics: [a/#]}}}\n",
		"strategies": small + "    strategy: canary\n    canary: {percent: [5, 25], hold: 1s}\n    shadow: {for: 1m, max_diff: 0.001, then: drop}\n    state: {handover: true, on_failure: abort}\n    health: {max_latency: 20ms, max_latency_increase: 3, max_memory: 10MiB, max_memory_increase: 2}\nswap: {timeout: 10s}\n",
		"one step":   small + "    canary: {percent: 5}\n",
		"empty box":  small + "sinks:\n",
	}
	c, err := Parse([]byte(full), "c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	texts["printed"] = string(printed)
	examples, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
		if _, err := Load(path, nil); err != nil {
			t.Error(err)
		}
	}
	for name, text := range texts {
		if err := valid(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{
		"sorces: {}",
		"arena: {size: 64}",
		"shutdown: {timeout: 100}",
		"sources: {a: {demo: {rate: 200}}}",
		"sources: {a: {}}",
		"sources: {a: {http: {}, demo: {}}}",
		"sources: {A: {http: {}}}",
		"sources: {a: {file: {}}}",
		"sources: {a: {http: {port: 1}}}",
		"sources: {a: {stdin: {port: 1}}}",
		"sinks: {a: {from: [b], http: {}}}",
		"sinks: {a: {from: [b], http: {url: x, method: GET}}}",
		"sources: {a: {mqtt: {key: name}}}",
		"sources: {a: {mqtt: {tls: {cert_file: x}}}}",
		"plugins: {p: {native: {name: x}}}",
		"plugins: {p: {from: [a], native: {name: x}, order: keys}}",
		"plugins: {p: {from: a, native: {name: x}}}",
		"sinks: {a: {from: [b], file: {path: x, on_new: no}}}",
		"plugins: {p: {from: [a], native: {name: x}, capabilities: {http: {}}}}",
		"plugins: {p: {from: [a], native: {name: x}, capabilities: {fs: {}}}}",
		"sessions: {a: {from: [b], reduce: {}}}",
		"plugins: {p: {from: [a], native: {name: x}, strategy: blue}}",
		"plugins: {p: {from: [a], native: {name: x}, canary: {percent: half}}}",
	} {
		if err := valid(t, s, text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// Every key has a description: it is what editors show.
func TestSchemaDescribes(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Map || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for f := range typ.Fields() {
			tag := f.Tag.Get("yaml")
			if !f.IsExported() || tag == "-" {
				continue
			}
			if f.Tag.Get("jsonschema_description") == "" || tag == "" || tag != f.Tag.Get("json") {
				t.Errorf("%s.%s: yaml %q, json %q, described by %q", typ.Name(), f.Name, tag, f.Tag.Get("json"), f.Tag.Get("jsonschema_description"))
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[Config]())
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) || !strings.Contains(string(text), "At most a quarter of size") {
		t.Errorf("%.300s", text)
	}
}
