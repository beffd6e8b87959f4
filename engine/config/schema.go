package config

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/peltonhq/pelton/engine/config/rollout"
)

// SchemaID names the schema for editors.
const SchemaID = "https://github.com/peltonhq/pelton/config.schema.json"

// Schema is the JSON Schema of a config file, as strict as reading is about keys. What it can't say (the graph, the
// relation of two keys) [Load] checks alone. A variable may stand for any value, so texts with one are allowed.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{RequiredFromJSONSchemaTags: true, ExpandedStruct: true, Mapper: mapped}
	s := r.Reflect(&Config{})
	s.ID, s.Title = SchemaID, "Pelton"
	s.Description = "The configuration of a Pelton wheel, pelton.yaml."
	shorthand(s, "Order", &jsonschema.Schema{Type: "string", Enum: []any{OrderKey, OrderNone}})
	shorthand(s, "Time", &jsonschema.Schema{Type: "string"})
	for section, definition := range map[string]string{"sources": "Source", "plugins": "Plugin", "sessions": "Session", "sinks": "Sink"} {
		p, _ := s.Properties.Get(section)
		p.PropertyNames = &jsonschema.Schema{Pattern: name.String()}
		exclusive(s.Definitions[definition])
	}
	exclusive(s.Definitions["Reduce"])
	empty(s)
	return json.MarshalIndent(s, "", "  ")
}

// mapped gives the schemas of types that have a form of their own.
func mapped(t reflect.Type) *jsonschema.Schema {
	words := func(all ...any) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Enum: all} }
	pattern := func(p, example string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: `^(` + p + `|.*\$\{.*)$`, Examples: []any{example}}
	}
	switch t {
	case reflect.TypeFor[Size]():
		return pattern(`[0-9]+(\.[0-9]+)? ?(B|[KMG]i?B)`, "64MiB")
	case reflect.TypeFor[Duration]():
		return pattern(`([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+`, "100ms")
	case reflect.TypeFor[Rate]():
		return pattern(`[0-9]+(\.[0-9]+)?/[smh]`, "2000/s")
	case reflect.TypeFor[JSON]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[rollout.Percent]():
		number := &jsonschema.Schema{Type: "number"}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{number, {Type: "array", Items: number}}}
	case reflect.TypeFor[Sync]():
		return words(SyncAlways, SyncOff)
	case reflect.TypeFor[Then]():
		return words(ThenDead, ThenDrop, ThenStop)
	case reflect.TypeFor[Deliver]():
		return words(DeliverAll, DeliverNew)
	case reflect.TypeFor[NATSMode]():
		return words(NATSJetStream, NATSCore)
	case reflect.TypeFor[MQTTKey]():
		return words(MQTTKeyField, MQTTKeyTopic, MQTTKeyClient)
	case reflect.TypeFor[OnNew]():
		return words(OnNewAppend, OnNewTruncate, OnNewFail)
	case reflect.TypeFor[KafkaStart]():
		return words(KafkaEarliest, KafkaLatest)
	case reflect.TypeFor[KafkaCompression]():
		return words(KafkaNone, KafkaGzip, KafkaSnappy, KafkaLZ4, KafkaZstd)
	case reflect.TypeFor[SASLMechanism]():
		return words(SASLPlain, SASLScramSHA256, SASLScramSHA512)
	}
	return nil
}

// shorthand lets a word stand for a definition's mapping.
func shorthand(s *jsonschema.Schema, definition string, word *jsonschema.Schema) {
	mapping := *s.Definitions[definition]
	s.Definitions[definition] = &jsonschema.Schema{OneOf: []*jsonschema.Schema{word, &mapping}}
}

// kinds are the keys of which a box has exactly one.
var kinds = []string{"file", "http", "demo", "stdin", "mqtt", "stdout", "kafka", "nats", "wasm", "native", "process"}

// exclusive says that a box has exactly one kind.
func exclusive(s *jsonschema.Schema) {
	for _, kind := range kinds {
		if _, ok := s.Properties.Get(kind); ok {
			s.OneOf = append(s.OneOf, &jsonschema.Schema{Required: []string{kind}})
		}
	}
}

// empty lets the boxes and sections of the file have nothing in them, as when all below them is a comment.
func empty(s *jsonschema.Schema) {
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		p := *pair.Value
		p.Description = ""
		pair.Value = &jsonschema.Schema{Description: pair.Value.Description, OneOf: []*jsonschema.Schema{{Type: "null"}, &p}}
	}
}
