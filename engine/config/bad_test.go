package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// small is a whole config; tests add keys to its plugin.
const small = `sources:
  numbers:
    demo: {count: 10}
plugins:
  double:
    from: [numbers]
    native: {name: double}
`

func TestBad(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"unknown key", small + "    instancs: 2\n", `c.yaml:8:5: plugins.double.instancs: unknown key; did you mean "instances"?`},
		{"few events", small + "limits: {events: 1KiB}\n", `c.yaml:8:10: limits.events: 1KiB is too small; want at least 4KiB`},
		{"no tap rate", small + "limits: {tap_rate: 0/s}\n", `c.yaml:8:10: limits.tap_rate: rate "0/s": want more than 0`},
		{"test of nobody", small + "tests: [{name: x, plugin: doubel, sample: s, golden: g}]\n", `c.yaml:8:19: tests[0].plugin: no plugin is named "doubel"; did you mean "double"?`},
		{"test without input", small + "tests: [{name: x, plugin: double, golden: g}]\n", `tests[0]: want exactly one of input and sample`},
		{"test that expects nothing", small + "tests: [{name: x, plugin: double, sample: s}]\n", `tests[0]: want expect or golden, or both`},
		{"test that expects too much", small + "tests: [{name: x, plugin: double, input: [{text: a}], expect: [{}, {}]}]\n", `tests[0].expect: 2 of them for 1 messages; want one for each, in order`},
		{"test without payload", small + "tests: [{name: x, plugin: double, input: [{key: a}], expect: [{}]}]\n", `tests[0].input[0]: want exactly one of payload (a mapping), text and payload_base64`},
		{"test's payload", small + "tests: [{name: x, plugin: double, input: [{payload_base64: '?'}], expect: [{}]}]\n", `tests[0].input[0]: payload_base64: illegal base64`},
		{"test's time", small + "tests: [{name: x, plugin: double, input: [{text: a, time: noon}], expect: [{}]}]\n", `tests[0].input[0]: time "noon": want RFC 3339`},
		{"test's verdict", small + "tests: [{name: x, plugin: double, input: [{text: a}], expect: [{verdict: ak}]}]\n", `tests[0].expect[0].verdict: unknown value "ak"; did you mean "ack"?`},
		{"test's state", small + "tests: [{name: x, plugin: double, input: [{text: a}], expect: [{state: {}}]}]\n", `tests[0].expect[0].state: only a reducer has a state; double is none`},
		{"test's name twice", small + "tests: [{name: x, plugin: double, sample: s, golden: g}, {name: x, plugin: double, sample: s, golden: h}]\n", `tests[1].name: "x" is the name of an earlier case`},
		{"test's golden twice", small + "tests: [{name: x, plugin: double, sample: s, golden: g}, {name: y, plugin: double, sample: s, golden: g}]\n", `tests[1].golden: an earlier case has the same file`},
		{"unknown box", small + "plugin: {}\n", `c.yaml:8:1: plugin: unknown key; did you mean "plugins"?`},
		{"far from all", small + "    health: {zzzzz: 1}\n", `c.yaml:8:14: plugins.double.health.zzzzz: unknown key; known are window, max_error_rate, min_samples, max_increase`},
		{"strategy", small + "    strategy: canery\n", `plugins.double.strategy: unknown value "canery"; did you mean "canary"?`},
		{"canary descends", small + "    canary: {percent: [25, 5]}\n", `plugins.double.canary.percent: 5 is out of range or not above the step before; want for example [5, 25, 50]`},
		{"canary of both", small + "    canary: {percent: 5, keys: [a]}\n", `plugins.double.canary.keys: takes the place of percent; give one of them`},
		{"canary holds nothing", small + "    canary: {hold: 1ms}\n", `plugins.double.canary.hold: 1ms is too short; want at least 100ms`},
		{"percent of a word", small + "    canary: {percent: half}\n", `plugins.double.canary.percent: want a number, not "half"`},
		{"shadow then", small + "    shadow: {then: keep}\n", `plugins.double.shadow.then: unknown value "keep"; known are promote, drop`},
		{"shadow of a reducer", small + "sessions: {s: {from: [numbers], reduce: {native: {name: x}, strategy: shadow}}}\n", `sessions.s.reduce.strategy: unknown value "shadow"; known are immediate, canary`},
		{"increase", small + "    health: {max_increase: 2}\n", `plugins.double.health.max_increase: 2 is out of range; want 0 to 1, for example 0.005`},
		{"times", small + "    health: {max_latency_increase: 0.5}\n", `plugins.double.health.max_latency_increase: 0.5 is out of range; want how many times as much is allowed, 1 to 1000, or 0 for any`},
		{"state", small + "    state: {handover: true, on_failure: panic}\n", `plugins.double.state.on_failure: unknown value "panic"; known are fresh, abort`},
		{"swap", small + "swap: {timeout: 1ms}\n", `swap.timeout: 1ms is too short; want at least 100ms`},
		{"size without unit", small + "arena: {size: 64}\n", `c.yaml:8:9: arena.size: size "64": want a number with a unit (B, KiB, MiB, GiB, KB, MB, GB), for example 64MiB`},
		{"duration without unit", small + "    limits: {time: 100}\n", `c.yaml:8:14: plugins.double.limits.time: duration "100": want a number with a unit (ms, s, m, h, d), for example 100ms`},
		{"rate without unit", "sources: {a: {demo: {rate: 200}}}", `c.yaml:1:22: sources.a.demo.rate: rate "200": want a number a second`},
		{"quarter", small + "arena: {size: 2MiB, max_message: 1MiB}\n", `c.yaml:8:21: arena.max_message: 1MiB is more than a quarter of arena.size (2MiB); want at most 512KiB, or a size of at least 4MiB`},
		{"unknown from", small + "sinks: {out: {from: [doubel], stdout: {}}}\n", `c.yaml:8:22: sinks.out.from[0]: no source or plugin is named "doubel"; did you mean "double"?`},
		{"from a session", small + "sessions: {s: {from: [double]}}\nsinks: {out: {from: [s], stdout: {}}}\n", `c.yaml:9:22: sinks.out.from[0]: s is a session; want a source or plugin: numbers, double`},
		{"output of a source", small + "sinks: {out: {from: [numbers.x], stdout: {}}}\n", `numbers is a source and has no outputs; want "numbers"`},
		{"no from", "sources: {a: {http: {}}}\nsinks:\n  out: {stdout: {}}\n", `c.yaml:3:3: sinks.out.from: is missing; name what it reads`},
		{"from twice", small + "sinks: {out: {from: [double, double], stdout: {}}}\n", `sinks.out.from[1]: "double" is there twice`},
		{"scalar from", "sources: {a: {http: {}}}\nsinks: {out: {from: a, stdout: {}}}\n", `c.yaml:2:15: sinks.out.from: want a list, for example [name], not "a"`},
		{"name twice", small + "  numbers:\n    from: [numbers]\n    native: {name: x}\n", `c.yaml:8:3: plugins.numbers: a source has this name too (c.yaml:2:3)`},
		{"cycle", small + "  a: {from: [c], native: {name: x}}\n  b: {from: [a], native: {name: x}}\n  c: {from: [b, double], native: {name: x}}\n", `the plugins read each other in a circle: a → b → c → a`},
		{"own cycle", small + "  a: {from: [numbers, a.x], native: {name: x}}\n", `c.yaml:8:23: plugins.a.from[1]: the plugins read each other in a circle: a → a`},
		{"bad name", "sources: {Numbers: {http: {}}}", `c.yaml:1:11: sources.Numbers: the name "Numbers" is not allowed`},
		{"no kind", "sources: {a: {decode: {format: json}}}", `c.yaml:1:11: sources.a: has none of demo, file, http, kafka, mqtt, nats, stdin; give one`},
		{"window", strings.Replace(small, "native: {name: double}", "wasm: {path: x, window: maped}", 1), `plugins.double.wasm.window: unknown value "maped"; did you mean "mapped"?`},
		{"trust", strings.Replace(small, "native: {name: double}", "wasm: {path: x, trust: nobody}", 1), `plugins.double.wasm.trust: unknown value "nobody"; known are source, isolated`},
		{"window of native code", strings.Replace(small, "name: double", "name: double, window: mapped", 1), `plugins.double.native.window: unknown key`},
		{"window of a reducer", small + "sessions: {s: {from: [numbers], reduce: {wasm: {path: x, window: mapped}}}}\n", `sessions.s.reduce.wasm.window: not available in this version; what a reducer folds is copied`},
		{"trust of a reducer", small + "sessions: {s: {from: [numbers], reduce: {wasm: {path: x, trust: isolated}}}}\n", `sessions.s.reduce.wasm.trust: is for plugins`},
		{"two kinds", small + "    wasm: {path: x}\n", `plugins.double: has native and wasm; give only one`},
		{"no sources", "plugins: {}", `c.yaml: sources: none; a wheel needs at least one`},
		{"empty", "", `c.yaml: sources: none`},
		{"only a comment", "# nothing\n", `c.yaml: sources: none`},
		{"no path", "sources: {a: {file: {}}}", `c.yaml:1:15: sources.a.file.path: is missing; give the file`},
		{"pattern", "sources: {a: {file: {path: 'x/[a'}}}", `x/[a" is no pattern: a [ wants a ]`},
		{"deep pattern", "sources: {a: {file: {path: 'x/**/a'}}}", `** matches no deeper than *; write */ for each level`},
		{"lanes", "sources: {a: {file: {path: 'x/*', lanes: 0}}}", `sources.a.file.lanes: 0 is out of range; want 1 to 1000`},
		{"sink in a pattern", "sources: {a: {file: {path: '/x/*.log'}}}\nsinks: {s: {from: [a], file: {path: /x/out.log}}}\n", `sinks.s.file.path: /x/out.log matches /x/*.log, which source a reads; give another`},
		{"rotate never", "sources: {a: {http: {}}}\nsinks: {s: {from: [a], file: {path: x, rotate: {keep: 3}}}}\n", `c.yaml:2:40: sinks.s.file.rotate: has neither size nor age; give one, or leave it out`},
		{"rotate keeps", "sources: {a: {http: {}}}\nsinks: {s: {from: [a], file: {path: x, rotate: {size: 1MiB, keep: -1}}}}\n", `sinks.s.file.rotate.keep: -1 is out of range`},
		{"rotated in a pattern", "sources: {a: {file: {path: '/x/out-*.log'}}}\nsinks: {s: {from: [a], file: {path: /x/out.log, rotate: {size: 1MiB}}}}\n", `/x/out.log matches /x/out-*.log, which source a reads`},
		{"no value", "sources: {a: {file: {path: }}}", `c.yaml:1:22: sources.a.file.path: has no value`},
		{"list for a box", "arena: [1]\n" + small, `c.yaml:1:1: arena: want a mapping with size, max_message, not a list`},
		{"mapping for a value", small + "    instances: {a: 1}\n", `plugins.double.instances: want one value, not a mapping`},
		{"word for a number", small + "    instances: two\n", `plugins.double.instances: want a whole number, not "two"`},
		{"out of range", small + "    instances: 0\n", `c.yaml:8:5: plugins.double.instances: 0 is out of range; want 1 to 256`},
		{"unknown word", small + "    order: keys\n", `plugins.double.order: unknown value "keys"; did you mean "key"?`},
		{"then", small + "    retry: {then: explode}\n", `c.yaml:8:13: plugins.double.retry.then: unknown value "explode"; known are dead, drop, stop`},
		{"unknown capability", small + "    capabilities: {kvs: {}}\n", `c.yaml:8:20: plugins.double.capabilities.kvs: unknown key; did you mean "kv"?`},
		{"capability of a reducer", small + "sessions: {s: {from: [double], reduce: {native: {name: x}, capabilities: {kv: {}}}}}\n", `sessions.s.reduce.capabilities: not available in this version; a reducer's state is its session`},
		{"kv of a process", "sources: {a: {http: {}}}\nplugins: {p: {from: [a], process: {command: [x]}, capabilities: {kv: {}}}}\n", `c.yaml:2:66: plugins.p.capabilities.kv: not available in this version for a process; use a wasm or native plugin, or keep the state in the program`},
		{"http of a process", "sources: {a: {http: {}}}\nplugins: {p: {from: [a], process: {command: [x]}, capabilities: {http: {allow: ['a:1']}}}}\n", `plugins.p.capabilities.http: not available in this version for a process; use a wasm or native plugin, or make the requests in the program`},
		{"small kv", small + "    capabilities: {kv: {max_bytes: 1B}}\n", `plugins.double.capabilities.kv.max_bytes: 1B is too small; want at least 1KiB`},
		{"long keys", small + "    capabilities: {kv: {max_key: 1MiB}}\n", `plugins.double.capabilities.kv.max_key: 1MiB is too large; want at most 64KiB`},
		{"nowhere allowed", small + "    capabilities: {http: {}}\n", `capabilities.http.allow: is missing; name where requests may go, for example ["api.example.com:443"]`},
		{"allowed without port", small + "    capabilities: {http: {allow: [api.example.com]}}\n", `capabilities.http.allow[0]: "api.example.com" is no HOST:PORT`},
		{"all allowed", small + "    capabilities: {http: {allow: ['*:443']}}\n", `capabilities.http.allow[0]: "*:443" is no HOST:PORT`},
		{"no requests at once", small + "    capabilities: {http: {allow: ['a:1'], concurrency: 0}}\n", `capabilities.http.concurrency: 0 is out of range; want 1 to 10000`},
		{"csv by itself", "sources: {a: {stdin: {}, decode: {format: csv}}}", `c.yaml:1:35: sources.a.decode.format: csv needs the header of its file, and messages of stdin come one by one; want json or raw`},
		{"header", "sources: {a: {http: {headers: [X-A, 'b c']}}}", `sources.a.http.headers[1]: "b c" is not the name of a header`},
		{"mqtt address", "sources: {a: {mqtt: {listen: '1883'}}}", `sources.a.mqtt.listen: "1883" is not an address; want HOST:PORT`},
		{"mqtt without tls", "sources: {a: {mqtt: {listen: '0.0.0.0:1883', password_file: x}}}", `c.yaml:1:22: sources.a.mqtt.listen: "0.0.0.0:1883" is not a loopback address, and there is no tls`},
		{"mqtt for everybody", "sources: {a: {mqtt: {listen: ':1883', tls: {cert_file: x, key_file: y}}}}", `":1883" is not a loopback address, and everybody may connect; give password_file or tls.client_ca_file`},
		{"mqtt certificate", "sources: {a: {mqtt: {tls: {key_file: y}}}}", `sources.a.mqtt.tls.cert_file: is missing; give the certificate`},
		{"mqtt topic", "sources: {a: {mqtt: {topics: [a, b/#/c]}}}", `c.yaml:1:34: sources.a.mqtt.topics[1]: "b/#/c" has # before its last level`},
		{"mqtt wildcard", "sources: {a: {mqtt: {topics: [a/b+]}}}", `sources.a.mqtt.topics[0]: "a/b+" has + or # inside a level`},
		{"mqtt two keys", "sources: {a: {mqtt: {key: topic}, decode: {format: json, key: x}}}", `sources.a.mqtt.key: topic does not go with decode.key (x); give one of them`},
		{"mqtt packets", "sources: {a: {mqtt: {max_packet: 1GiB}}}", `sources.a.mqtt.max_packet: 1GiB is too large; MQTT has at most 256MiB`},
		{"mqtt clients", "sources: {a: {mqtt: {max_clients: 0}}}", `sources.a.mqtt.max_clients: 0 is out of range`},
		{"no sink", small + "sinks: {o: {from: [double]}}\n", `sinks.o: has none of file, http, kafka, nats, stdout; give one`},
		{"no url", small + "sinks: {o: {from: [double], http: {}}}\n", `c.yaml:8:29: sinks.o.http.url: is missing; give the URL`},
		{"url", small + "sinks: {o: {from: [double], http: {url: example.com}}}\n", `sinks.o.http.url: is no URL of http or https`},
		{"user in the url", small + "sinks: {o: {from: [double], http: {url: 'http://me:hush@example.com'}}}\n", `sinks.o.http.url: has a user or password in it`},
		{"method", small + "sinks: {o: {from: [double], http: {url: 'http://a', method: GET}}}\n", `sinks.o.http.method: unknown value "GET"; did you mean "PUT"?`},
		{"secret header", small + "sinks: {o: {from: [double], http: {url: 'http://a', headers: {Authorization: x}}}}\n", `c.yaml:8:63: sinks.o.http.headers.Authorization: is a secret`},
		{"own header", small + "sinks: {o: {from: [double], http: {url: 'http://a', headers: {idempotency-key: x}}}}\n", `sinks.o.http.headers.idempotency-key: is set by the sink`},
		{"content type", small + "sinks: {o: {from: [double], http: {url: 'http://a', headers: {Content-Type: x}}}}\n", `headers.Content-Type: is set by content_type`},
		{"header twice", small + "sinks: {o: {from: [double], http: {url: 'http://a', headers: {X-A: x}, headers_file: {x-a: y}}}}\n", `headers_file.x-a: is there twice, also as X-A`},
		{"header value", small + "sinks: {o: {from: [double], http: {url: 'http://a', headers: {X-A: \"a\\nb\"}}}}\n", `sinks.o.http.headers.X-A: has a control character in its value`},
		{"header name", small + "sinks: {o: {from: [double], http: {url: 'http://a', headers: {X A: x}}}}\n", `"X A" is not the name of a header`},
		{"stdin twice", "sources: {a: {stdin: {}}, b: {stdin: {}}}", `c.yaml:1:31: sources.b.stdin: source a reads standard input already; only one can`},
		{"setting of stdin", "sources: {a: {stdin: {path: x}}}", `sources.a.stdin.path: unknown key`},
		{"small queue", "arena: {max_message: 2MiB}\nsources: {a: {http: {}}}\ningest: {max_bytes: 2MiB}\n", `c.yaml:3:10: ingest.max_bytes: 2MiB is too small for four messages of arena.max_message (2MiB); want at least 8MiB`},
		{"no keys", small + "ingest: {max_keys: 0}\n", `c.yaml:8:10: ingest.max_keys: 0 is out of range; want 1 to 100000000`},
		{"small requests", small + "ingest: {max_request: 1B}\n", `ingest.max_request: 1B is too small; want at least 1KiB`},
		{"bool", "sources: {a: {file: {path: x, follow: yes}}}", `want true or false, not "yes"`},
		{"config is a list", small + "    config: [1]\n", `plugins.double.config: want a mapping, not a list`},
		{"layout", "sources: {a: {http: {}, decode: {format: json, time: {field: x, layout: yyyy}}}}", `"yyyy" has no part of a time`},
		{"zone", "sources: {a: {http: {}, decode: {format: json, time: {field: x, layout: '2006', zone: Mars}}}}", `unknown time zone "Mars"`},
		{"raw with a key", "sources: {a: {http: {}, decode: {key: x}}}", `raw messages have no fields`},
		{"address", small + "api: {listen: '7070'}\n", `c.yaml:8:7: api.listen: "7070" is not an address; want HOST:PORT`},
		{"not loopback", small + "api: {listen: '0.0.0.0:7070'}\n", `"0.0.0.0:7070" is not a loopback address, and there is no api.tls; give cert_file and key_file`},
		{"demo too large", "sources: {a: {demo: {size: 1MiB}}}", `c.yaml:1:22: sources.a.demo.size: 1MiB does not fit in arena.max_message (1MiB)`},
		{"same address", small + "api: {listen: '127.0.0.1:1', grpc: '127.0.0.1:1'}\n", `127.0.0.1:1 is api.listen's address`},
		{"same file", "sources: {a: {file: {path: x}}}\nsinks: {b: {from: [a], file: {path: ./x}}}", `is the file that source a reads; give another`},
		{"duplicate key", "sources: {a: {http: {}}}\nsources: {}\n", `c.yaml:2:1: is not YAML: mapping key "sources" already defined`},
		{"no YAML", "a: [1\n", `c.yaml:1:4: is not YAML: `},
		{"flow variable", "sources: {a: {file: {path: ${X}}}}", `inside { } a variable stands in quotes`},
		{"zero byte", "a: \x00", `c.yaml: is not a text file`},
		{"two documents", small + "---\na: b\n", `c.yaml:9:1: a second document`},
		{"merge key", "sources:\n  a: &a {http: {}}\n  b:\n    <<: *a\n", `merge keys (<<) are not available in this version`},
		{"tag", "sources:\n  a: {file: {path: !!str 1}}\n", `tags (!!str) are not available in this version`},
		{"unknown alias", "sources: {a: *b}", `alias *b has no anchor &b before it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.yaml), "c.yaml", nil)
			if err == nil {
				t.Fatalf("no error; want %s", c.want)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			var all Errors
			if !errors.As(err, &all) {
				t.Errorf("not an Errors: %T", err)
			}
			for _, p := range all {
				if p.Place.File != "c.yaml" {
					t.Errorf("no place: %v", p)
				}
			}
			if len(all) > 1 {
				t.Errorf("one mistake gives %d errors:\n%v", len(all), err)
			}
		})
	}
}

// What is wrong in several places is told at once.
func TestTogether(t *testing.T) {
	_, err := Parse([]byte("arena: {size: 1}\nsources: {a: {http: {}}}\nsinks:\n  x: {from: [b], stdout: {}}\n  y: {fram: [a], stdout: {}}\n"), "c.yaml", nil)
	var all Errors
	if !errors.As(err, &all) {
		t.Fatal(err)
	}
	var lines []int
	for _, p := range all {
		lines = append(lines, p.Place.Line)
	}
	if !slices.Equal(lines, []int{1, 4, 5}) {
		t.Errorf("lines %v:\n%v", lines, err)
	}
}

// Every key that is for later is refused by that name, where it stands.
func TestLater(t *testing.T) {
	for pattern := range later {
		parts := strings.Split(strings.ReplaceAll(pattern, "*", "n"), ".")
		yaml := strings.Join(parts, ": {") + ": {}" + strings.Repeat("}", len(parts)-1)
		_, err := Parse([]byte(yaml), "c.yaml", nil)
		want := strings.Join(parts, ".") + ": not available in this version"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", yaml, err, want)
		}
	}
}

// An alias of aliases can't fill the memory.
func TestUnfolding(t *testing.T) {
	var text strings.Builder
	text.WriteString("plugins:\n  a:\n    config:\n      x0: &x0 [1,2,3,4,5,6,7,8,9,0]\n")
	for i := range 8 {
		fmt.Fprintf(&text, "      x%d: &x%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*x%d,", i), 10))
	}
	_, err := Parse([]byte(text.String()), "c.yaml", nil)
	if err == nil || !strings.Contains(err.Error(), "too large: its aliases unfold to more than 100000 values") {
		t.Errorf("%.500v", err)
	}
}

func TestWarnings(t *testing.T) {
	c, err := Parse([]byte(small+"sessions: {s: {from: [numbers]}}\n"), "c.yaml", []string{"PELTON_API_LISEN=x", "PELTON_ADDR=y", "HOME=z"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range c.Warnings() {
		got = append(got, w.String())
	}
	want := []string{
		`PELTON_API_LISEN: sets nothing; did you mean "PELTON_API_LISTEN"?`,
		"c.yaml:5:3: plugins.double: nobody reads it; what it emits is counted and dropped",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMapped(t *testing.T) {
	for wasm, want := range map[string]bool{
		"path: x": false, "path: x, window: staged": false, "path: x, window: mapped": true,
		"path: x, window: mapped, trust: source": true, "path: x, window: mapped, trust: isolated": false, "path: x, trust: isolated": false,
	} {
		text := strings.Replace(small, "native: {name: double}", "wasm: {"+wasm+"}", 1) + "sinks: {s: {from: [double], stdout: {}}}\n"
		c, err := Parse([]byte(text), "c.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Plugins["double"].Wasm.Mapped(); got != want {
			t.Errorf("%s: mapped %t, want %t", wasm, got, want)
		}
		warned := len(c.Warnings()) == 1 && strings.Contains(c.Warnings()[0].String(), "mapped has no effect: trust: isolated has all payloads copied")
		if contradiction := strings.Contains(wasm, "mapped, trust: isolated"); warned != contradiction {
			t.Errorf("%s: warnings %v", wasm, c.Warnings())
		}
	}
}

func TestCheckOutputs(t *testing.T) {
	c, err := Parse([]byte(small+"sinks:\n  a: {from: [double], stdout: {}}\n  b: {from: [double.airport], stdout: {}}\n"), "c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	warnings, err := c.CheckOutputs(map[string][]string{"double": {"default", "airports"}})
	if want := `c.yaml:10:14: sinks.b.from[0]: plugin double has no output "airport"; did you mean "double.airports"?`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].String(), `nobody reads its output "airports"`) {
		t.Errorf("warnings: %v", warnings)
	}
	if warnings, err := c.CheckOutputs(map[string][]string{"double": {"default", "airport"}}); err != nil || len(warnings) != 0 {
		t.Errorf("all is well: %v, %v", warnings, err)
	}
	if _, err := c.CheckOutputs(nil); err != nil {
		t.Errorf("a plugin that is not there: %v", err)
	}
}
