package change_test

import (
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/config"
)

const before = `
sources:
  flights: {file: {path: flights.jsonl, rate: 2000/s}, decode: {format: json, key: origin}}
  posts: {http: {}}
plugins:
  delays: {from: [flights], wasm: {path: plugins/delays}, config: {late_after: 15, list: [1, 2]}}
  next: {from: [delays], native: {name: next}}
sessions:
  airports: {from: [delays.airports], reduce: {wasm: {path: plugins/airports}}}
  raw: {from: [posts]}
sinks:
  late: {from: [delays.late], file: {path: late.jsonl}}
`

func parse(t *testing.T, text string, env ...string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text), "/w/pelton.yaml", env)
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

// Each change of a config is told as what it is, with its effect.
func TestBetween(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ old, new, line, effect string }{
		{"late_after: 15", "late_after: 30", "~ plugin delays: config.late_after 15 -> 30", delta.EffectSwap},
		{"list: [1, 2]", "list: [1, {a: 2}]", "~ plugin delays: config.list [1, 2] removed, config.list[0] = 1, config.list[1].a = 2", delta.EffectSwap},
		{", list: [1, 2]", "", "~ plugin delays: config.list [1, 2] removed", delta.EffectSwap},
		{"config: {late", "limits: {memory: 128MiB}, config: {late", "~ plugin delays: limits.memory 64MiB -> 128MiB", delta.EffectSwap},
		{"config: {late", "limits: {time: 1s}, config: {late", "~ plugin delays: limits.time 100ms -> 1s", delta.EffectSwap},
		{"config: {late", "limits: {output: 2MiB}, config: {late", "~ plugin delays: limits.output 1MiB -> 2MiB", delta.EffectReplace},
		{"config: {late", "limits: {queue: 8MiB}, config: {late", "~ plugin delays: limits.queue 4MiB -> 8MiB", delta.EffectRewire},
		{"config: {late", "retry: {attempts: 7}, config: {late", "~ plugin delays: retry.attempts 5 -> 7", delta.EffectRewire},
		{"config: {late", "order: none, config: {late", "~ plugin delays: order.by key -> none", delta.EffectRewire},
		{"config: {late", "max_defers: 3, config: {late", "~ plugin delays: max_defers 1000 -> 3", delta.EffectRewire},
		{"config: {late", "instances: 4, config: {late", "~ plugin delays: instances 1 -> 4", delta.EffectReplace},
		{"config: {late", "health: {window: 1s}, config: {late", "~ plugin delays: health.window 10s -> 1s", delta.EffectAdjust},
		{"config: {late", "strategy: canary, config: {late", "~ plugin delays: strategy immediate -> canary", delta.EffectAdjust},
		{"config: {late", "canary: {hold: 1s}, config: {late", "~ plugin delays: canary.hold 30s -> 1s", delta.EffectAdjust},
		{"config: {late", "shadow: {for: 1s}, config: {late", "~ plugin delays: shadow.for 1m -> 1s", delta.EffectAdjust},
		{"config: {late", "state: {handover: true}, config: {late", "~ plugin delays: state.handover false -> true", delta.EffectAdjust},
		{"late_after: 15, list: [1, 2]}", "late_after: 16, list: [1, 2]}, health: {window: 1s}", "~ plugin delays: config.late_after 15 -> 16, health.window 10s -> 1s", delta.EffectSwap},
		{"{from: [delays], native: {name: next}", "{from: [delays, posts], native: {name: next}, strategy: canary", "~ plugin next: from [delays] -> [delays, posts], strategy immediate -> canary", delta.EffectRewire},
		{"config: {late", "health: {window: 1s}, instances: 2, config: {late", "~ plugin delays: health.window 10s -> 1s, instances 1 -> 2", delta.EffectReplace},
		{"reduce: {wasm", "reduce: {strategy: canary, wasm", "~ session airports: reduce.strategy immediate -> canary", delta.EffectAdjust},
		{"config: {late", "capabilities: {kv: {}}, config: {late", "~ plugin delays: capabilities.kv.max_bytes = 64MiB, capabilities.kv.max_key = 1KiB", delta.EffectReplace},
		{"plugins/delays}", "plugins/other}", "~ plugin delays: wasm.path /w/plugins/delays -> /w/plugins/other", delta.EffectNone},
		{"wasm: {path: plugins/delays}", "native: {name: delays}", "~ plugin delays: native.name = delays, wasm.path /w/plugins/delays removed", delta.EffectReplace},
		{"{from: [delays], native", "{from: [delays, posts], native", "~ plugin next: from [delays] -> [delays, posts]", delta.EffectRewire},
		{"  next: {from: [delays], native: {name: next}}\n", "", "- plugin next", delta.EffectStop},
		{"plugins:", "plugins:\n  more: {from: [posts], native: {name: more}}", "+ plugin more", delta.EffectStart},
		{"reduce: {wasm", "reduce: {config: {x: 1}, wasm", "~ session airports: reduce.config.x = 1", delta.EffectSwap},
		{"reduce: {wasm", "reduce: {instances: 2, wasm", "~ session airports: reduce.instances 1 -> 2", delta.EffectReplace},
		{"raw: {from: [posts]}", "raw: {from: [posts], retain: {age: 1h}}", "~ session raw: retain.age 0s -> 1h", delta.EffectReplace},
		{"raw: {from: [posts]}", "raw: {from: [posts, flights]}", "~ session raw: from [posts] -> [posts, flights]", delta.EffectRewire},
		{"  raw: {from: [posts]}\n", "", "- session raw", delta.EffectStop},
		{"file: {path: late.jsonl}", "file: {path: late.jsonl, on_new: append}", "~ sink late: file.on_new fail -> append", delta.EffectReplace},
		{"from: [delays.late]", "from: [delays.late, posts]", "~ sink late: from [delays.late] -> [delays.late, posts]", delta.EffectRewire},
		{"sinks:\n  late: {from: [delays.late], file: {path: late.jsonl}}\n", "", "- sink late", delta.EffectStop},
		{"sinks:", "sinks:\n  out: {from: [posts], stdout: {}}", "+ sink out", delta.EffectStart},
		{"rate: 2000/s", "rate: 10/s", "~ source flights: file.rate 2000/s -> 10/s", delta.EffectReplace},
		{"key: origin", "key: origin, fields: [delay]", "~ source flights: decode.fields = [delay]", delta.EffectRewire},
		{"http: {}", "http: {headers: [X-A]}", "~ source posts: http.headers = [X-A]", delta.EffectRewire},
		{"sources:", "sources:\n  more: {demo: {}}", "+ source more", delta.EffectStart},
		{"sources:", "store: {dir: there}\nsources:", "~ wheel: store.dir /w/.pelton -> /w/there", delta.EffectRefused},
		{"sources:", "arena: {size: 128MiB}\nsources:", "~ wheel: arena.size 64MiB -> 128MiB", delta.EffectRefused},
		{"sources:", "api: {listen: '127.0.0.1:1'}\nsources:", "~ wheel: api.listen 127.0.0.1:7070 -> 127.0.0.1:1", delta.EffectRefused},
	} {
		if !strings.Contains(before, row.old) {
			t.Fatalf("%q is not in the config", row.old)
		}
		after := strings.Replace(before, row.old, row.new, 1)
		changes, err := change.Between(change.Side{Config: parse(t, before)}, change.Side{Config: parse(t, after)})
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) != 1 {
			t.Errorf("%s: %d changes: %+v", row.line, len(changes), changes)
			continue
		}
		if line := change.Line(&changes[0]); line != row.line || changes[0].Effect != row.effect || changes[0].Does == "" {
			t.Errorf("got  %s (%s: %s)\nwant %s (%s)", line, changes[0].Effect, changes[0].Does, row.line, row.effect)
		}
	}
}

// The order of names in the file, and its comments, are no changes.
func TestNoChanges(t *testing.T) {
	t.Parallel()
	other := strings.Replace(before, "  posts: {http: {}}\n", "", 1)
	other = "# a comment\n" + strings.Replace(other, "sources:\n", "sources:\n  posts:\n    http: {}\n", 1)
	changes, err := change.Between(change.Side{Config: parse(t, before)}, change.Side{Config: parse(t, other)})
	if err != nil || len(changes) != 0 {
		t.Errorf("%v, %+v", err, changes)
	}
}

// Code is a change of its plugin, by its digest; that of a plugin whose path alone moved is none.
func TestCode(t *testing.T) {
	t.Parallel()
	c := parse(t, before)
	old := change.Codes{"delays": "sha256:0123456789abcdef", "session/airports": "sha256:aaaa"}
	next := change.Codes{"delays": "sha256:fedcba9876543210", "session/airports": "sha256:bbbb"}
	changes, err := change.Between(change.Side{Config: c, Codes: old}, change.Side{Config: c, Codes: next})
	if err != nil {
		t.Fatal(err)
	}
	p := delta.Plan{Changes: changes}
	got := strings.Join(change.Lines(&p), "\n")
	if want := "~ plugin delays: code 0123456789ab -> fedcba987654\n~ session airports: reduce.code aaaa -> bbbb"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, change := range changes {
		if change.Effect != delta.EffectSwap {
			t.Errorf("%s: %s", change.Name, change.Effect)
		}
	}
}

// A hash is of both configs and the code: any of them makes another one.
func TestHash(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range []change.Side{
		{Config: parse(t, before)},
		{Config: parse(t, strings.Replace(before, "late_after: 15", "late_after: 16", 1))},
		{Config: parse(t, before), Codes: change.Codes{"delays": "sha256:1"}},
		{Config: parse(t, before), Codes: change.Codes{"delays": "sha256:2"}},
		{Config: parse(t, strings.Replace(before, "late_after: 15", "late_after: '${N}'", 1), "N=17")},
		{Config: parse(t, strings.Replace(before, "late_after: 15", "late_after: '${N}'", 1), "N=18")},
	} {
		id, err := s.Identity()
		if err != nil || seen[id] {
			t.Errorf("%v, %s", err, id)
		}
		seen[id] = true
	}
	if change.Hash("a", "b") == change.Hash("b", "a") {
		t.Error("a hash is of the order too")
	}
}

// What was printed of a hash is enough to ask for it; less is not.
func TestApproved(t *testing.T) {
	t.Parallel()
	const now = "sha256:0123456789abcdef"
	for given, want := range map[string]string{
		"": now, now: now, "0123456789ab": now, "sha256:0123456789abcd": now, "ffffffffffff": "sha256:ffffffffffff",
	} {
		if got, err := change.Approved(given, now); got != want || err != nil {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
	if _, err := change.Approved("01234", now); err == nil {
		t.Error("five digits are enough")
	}
}

// Secrets are not shown: neither those that come from the environment, nor what looks like one.
func TestSecrets(t *testing.T) {
	t.Parallel()
	text := func(config, env string) string {
		return strings.Replace(before, "native: {name: next}", "process: {command: [x], env: {A: "+env+"}}, config: "+config, 1)
	}
	for _, row := range []struct{ old, new, want string }{
		{"{token: one}", "{token: two}", "config.token (hidden) -> (hidden) (another value)"},
		{"{a: {apiKey: one}}", "{a: {apiKey: two}}", "config.a.apiKey (hidden) -> (hidden) (another value)"},
		{"{url: '${URL}'}", "{url: '${URL}/x'}", "config.url ${URL} -> ${URL}/x"},
		{"{url: 'http://me:pw1@host/'}", "{url: 'http://me:pw2@host/a'}", "config.url http://(hidden)@host/ -> http://(hidden)@host/a"},
		{"{tokens: {n: 1}}", "{tokens: {n: 2}}", "config.tokens.n (hidden) -> (hidden) (another value)"},
		{"{}", "{password: two}", "config.password = (hidden)"},
		{"{password_file: one}", "{password_file: two}", "config.password_file one -> two"},
	} {
		old, next := parse(t, text(row.old, "x"), "URL=secret1"), parse(t, text(row.new, "x"), "URL=secret1")
		changes, err := change.Between(change.Side{Config: old}, change.Side{Config: next})
		if err != nil || len(changes) != 1 {
			t.Fatalf("%v, %+v", err, changes)
		}
		if got := change.Line(&changes[0]); got != "~ plugin next: "+row.want {
			t.Errorf("got  %s\nwant ~ plugin next: %s", got, row.want)
		}
	}
	changes, err := change.Between(change.Side{Config: parse(t, text("{}", "x1, TOKEN: t1"))}, change.Side{Config: parse(t, text("{}", "x2, TOKEN: t2"))})
	want := "~ plugin next: process.env.A x1 -> x2, process.env.TOKEN (hidden) -> (hidden) (another value)"
	if err != nil || len(changes) != 1 || change.Line(&changes[0]) != want {
		t.Errorf("%v, %+v", err, changes)
	}
}
