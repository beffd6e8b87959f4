package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// good is a config without a mistake; cases add one.
const good = `sources:
  numbers:
    demo: {count: 10, rate: 1000/s}
    decode: {format: json, key: origin}
sessions:
  latest: {from: [numbers]}
api: {listen: '127.0.0.1:0', grpc: '127.0.0.1:0'}
`

// Bad input gets one clear message and its exit code; see also finish, which looks for stack traces.
func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		yaml string
		args string
		code int
		want string
	}{
		{"unknown key", good + "arena: {siz: 64MiB}\n", "check", 2, `pelton: pelton.yaml:8:9: arena.siz: unknown key; did you mean "size"?`},
		{"unknown key at run", good + "arena: {siz: 64MiB}\n", "run", 2, `pelton: pelton.yaml:8:9: arena.siz: unknown key; did you mean "size"?`},
		{"wrong unit", good + "arena: {size: 64 megs}\n", "check", 2, `arena.size: size "64 megs": want a number with a unit`},
		{"key for later", good + "sinks: {out: {from: [numbers], mqtt: {}}}\n", "check", 2, "sinks.out.mqtt: not available in this version; use file, stdout, http, kafka or nats"},
		{"cycle", good + "plugins:\n  a: {from: [b], native: {name: x}}\n  b: {from: [a], native: {name: x}}\n", "check", 2, "the plugins read each other in a circle: "},
		{"unknown from", good + "sinks: {out: {from: [number], stdout: {}}}\n", "graph", 2, `did you mean "numbers"?`},
		{"variable", "sources: {a: {file: {path: '${NOPE}'}}}\n", "check", 2, "pelton.yaml:1:22: sources.a.file.path: environment variable NOPE is not set"},
		{"no YAML", "sources: [\n", "run", 2, "pelton.yaml:1:"},
		{"no config", "", "run nope.yaml", 2, "pelton: nope.yaml: no config file; give the file as an argument, or make one with `pelton init DIR`"},
		{"directory", "", "run .", 2, "is a directory; give the file"},
		{"flag's value", good, "run --listen nope", 2, `pelton: --listen: api.listen: "nope" is not an address`},
		{"not loopback", good, "run --listen 0.0.0.0:0", 2, "not a loopback address"},
		{"unknown command", "", "rnu", 2, "pelton: unknown command \"pelton rnu\"; did you mean `pelton run`?"},
		{"unknown verb", "", "session folow", 2, "unknown command \"pelton session folow\"; did you mean `pelton session follow`?"},
		{"noun alone", "", "dead", 2, "pelton dead: want a verb: drop, export, list, replay, show"},
		{"unknown flag", "", "session list --jsn", 2, "unknown flag --jsn; did you mean --json?"},
		{"flag without value", "", "run --store", 2, "pelton: pelton run: flag needs an argument: --store"},
		{"word too many", "", "version now", 2, `"now" is one word too many`},
		{"word missing", "", "session show airports", 2, "pelton session show: want NAME and KEY; see `pelton session show --help`"},
		{"slow unknown", "", "session follow a b --slow never", 2, "--slow never: want disconnect, conflate or block"},
		{"cursor malformed", "", "session follow a b --after x", 2, `pelton: --after: cursor "x": want epoch:id`},
		{"cursor of a name", "", "session follow a b --after @1:2", 2, "this cursor is one of the whole name"},
		{"cursor of a key", "", "session follow a --after 1:2", 2, "this cursor is one of a single key"},
		{"drop everything", "", "dead drop", 2, "say which: IDs, flags that select (--plugin, --reason, --state …), or --all"},
		{"release everything", "", "parked release", 2, "say which: IDs, flags that select (--plugin, --kind, --key, --due-before), or --all"},
		{"address", "", "stats --addr nope", 2, `--addr "nope": want HOST:PORT`},
		{"sick config", good + "arena: {siz: 64MiB}\n", "doctor", 2, "arena.siz: unknown key"},
		{"no wheel", "", "stats --addr 127.0.0.1:1", 3, "127.0.0.1:1"},
		{"free port", good, "stats", 2, "pelton.yaml lets the wheel take a free port; give the one that `pelton run` printed by --addr"},
		{"plugin path", "", "plugin swap p nowhere --addr 127.0.0.1:1", 2, "plugin nowhere: no such file or directory; give a directory with a plugin's source or a .wasm file"},
		{"plugin name", "", "plugin new Bad", 2, `plugin name "Bad": want a lower-case letter`},
		{"language", "", "plugin new p --lang cobol", 2, "--lang cobol: unknown language; want go, rust, assemblyscript, c"},
		{"backup over a file", good, "backup pelton.yaml --addr 127.0.0.1:1", 2, "backup: pelton.yaml is there already; give another name"},
		{"backup to nowhere", "", "backup nowhere/ --addr 127.0.0.1:1", 2, "backup: directory nowhere/ does not exist; make it first"},
		{"backup into nowhere", "", "backup nowhere/a.tar --addr 127.0.0.1:1", 2, "backup: directory nowhere does not exist; make it first"},
		{"backup of no wheel", "", "backup a.tar --addr 127.0.0.1:1", 3, "no wheel answers at 127.0.0.1:1"},
		{"restore of nothing", good, "restore a.tar", 2, "restore: a.tar does not exist"},
		{"restore of a directory", good, "restore .", 2, "restore: . is not a file"},
		{"restore of something else", good, "restore pelton.yaml", 2, "not a backup that this program reads: it is no tar archive"},
		{"restore without a config", "x", "restore pelton.yaml --config nope.yaml", 2, "nope.yaml: no config file"},
		{"check of something else", good, "restore pelton.yaml --check", 2, "pelton.yaml: not a backup that this program reads: it is no tar archive"},
		{"shell", "", "completion tcsh", 2, `unknown shell "tcsh"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if c.yaml != "" {
				write(t, dir, "pelton.yaml", c.yaml)
			}
			r := invoke(t, dir, strings.Fields(c.args)...)
			if r.code != c.code || !strings.Contains(r.err, c.want) {
				t.Errorf("exit %d, %s\nwant %d, … %s", r.code, r.err, c.code, c.want)
			}
			if r.out != "" {
				t.Errorf("standard output: %s", r.out)
			}
			if !strings.HasPrefix(r.err, "pelton: ") || strings.Contains(r.err, "Usage:") || strings.Count(r.err, "\n") != 1 {
				t.Errorf("not one clear line: %q", r.err)
			}
		})
	}
}

// A wheel that could not run is said to be sick, one that could is not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "pelton.yaml", good)
	write(t, dir, "sick.yaml", good+"store: {dir: /proc/1/none}\n")
	var all []struct{ State, What, Text string }
	r := invoke(t, dir, "doctor", "--json")
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || r.code != 0 || len(all) < 4 || all[0].What != "memory" {
		t.Errorf("%+v, %v", r, err)
	}
	r = invoke(t, dir, "doctor", "sick.yaml")
	if r.code != 1 || !strings.Contains(r.out, "bad  store    store.dir /proc/1/none can't be written") || !strings.Contains(r.err, "pelton: doctor: 1 of ") {
		t.Errorf("%+v", r)
	}
}

// Source that does not compile never leaves the machine, and its compiler's lines are shown.
func TestSwapOfWhatDoesNotCompile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if r := invoke(t, dir, "plugin", "new", "broken"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	write(t, dir, "plugins/broken/more.go", "package main\n\nfunc twice() int { return \"two\" }\n")
	r := invoke(t, dir, "plugin", "swap", "broken", "plugins/broken", "--addr", "127.0.0.1:1")
	if r.code != 1 || !strings.Contains(r.err, "more.go:3:") || !strings.Contains(r.err, "the plugin does not compile") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// What is no module is refused before the wheel is asked.
func TestSwapOfWhatIsNoModule(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "text.wasm", "hello")
	r := invoke(t, dir, "plugin", "swap", "p", "text.wasm", "--addr", "127.0.0.1:1")
	if r.code != 2 || !strings.Contains(r.err, "text.wasm is neither a directory nor a WebAssembly module") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
