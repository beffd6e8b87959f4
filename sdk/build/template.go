package build

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// File is one file of a new plugin.
type File struct {
	Name string // relative to the plugin's directory
	Data []byte
}

var pluginName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Template is the files of a new plugin that passes messages on: a starting point, with a test where the language has
// one. sdk is the directory that [Install] returned; with it there is a file that is this machine's own and is ignored by
// git, so that editors and tests find the SDK. The wheel's builder does not use it.
func Template(lang, name, sdk string) ([]File, error) {
	l, err := lookup(lang)
	if err != nil {
		return nil, err
	}
	if !pluginName.MatchString(name) {
		return nil, fmt.Errorf("plugin name %q: want a lower-case letter, then lower-case letters, digits, - and _ (at most 63)", name)
	}
	files := append([]File(nil), l.files...)
	if sdk != "" {
		var ignore strings.Builder
		for _, f := range l.local {
			fmt.Fprintf(&ignore, "/%s\n", f.Name)
		}
		files = append(append(files, l.local...), File{".gitignore", []byte(ignore.String() + l.ignore)})
	}
	fill := strings.NewReplacer("{NAME}", name, "{IDENT}", strings.ReplaceAll(name, "-", "_"), "{SDK}", sdk)
	for i, f := range files {
		files[i] = File{path.Clean(fill.Replace(f.Name)), []byte(fill.Replace(string(f.Data)))}
	}
	return files, nil
}

var goFiles = []File{
	{"go.mod", []byte(`module {NAME}

go 1.24

require ` + SDK + ` v0.0.0
`)},
	{"main.go", []byte(`// Plugin {NAME} passes each message on.
package main

import "` + SDK + `"

func init() { pelton.Handle(handle) }

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	out.Emit("default", m.Key(), m.Payload())
	return pelton.Ack()
}
`)},
	{"main_test.go", []byte(`package main

import (
	"testing"

	"` + SDK + `"
)

func TestMessagePassesOn(t *testing.T) {
	results, err := pelton.Try("", pelton.Sample{Key: []byte("k"), Payload: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0]; got.Verdict != pelton.Ack() || string(got.Emits[0].Payload) != "hello" {
		t.Errorf("got %s and %q", got.Verdict, got.Emits)
	}
}
`)},
}

var goLocal = []File{{"go.work", []byte(`go 1.24

use .

replace ` + SDK + ` => {SDK}
`)}}

var rustFiles = []File{
	{"Cargo.toml", []byte(`[package]
name = "{NAME}"
version = "0.0.0"
edition = "2021"
publish = false

[lib]
crate-type = ["cdylib"]

[dependencies]
pelton = "0.1" # comes with the pelton command, not from a registry

[profile.release]
lto = true
codegen-units = 1
panic = "abort"
strip = true
`)},
	{"src/lib.rs", []byte(`//! Plugin {NAME} passes each message on.

use pelton::{Message, Out, Verdict};

fn handle(m: &Message, out: &mut Out) -> Verdict {
    out.emit("default", m.key(), m.payload());
    Verdict::ack()
}

pelton::handler!(handle, ["default"]);

#[cfg(test)]
mod tests {
    use pelton::trial::{self, Sample};
    use pelton::Verdict;

    #[test]
    fn message_passes_on() {
        let sample = Sample { key: Some(b"k"), payload: b"hello", ..Sample::default() };
        let results = trial::handle::<super::FunctionPlugin>("", &[sample]).unwrap();
        assert_eq!(results[0].verdict, Verdict::ack());
        assert_eq!(results[0].emits[0].payload, b"hello");
    }
}
`)},
}

var rustLocal = []File{{".cargo/config.toml", []byte(`[patch.crates-io]
pelton = { path = "{SDK}" }
`)}}

var assemblyScriptFiles = []File{
	{"package.json", []byte(`{
  "name": "{NAME}",
  "version": "0.0.0",
  "private": true,
  "devDependencies": {
    "assemblyscript": "^0.28.0"
  }
}
`)},
	{"asconfig.json", []byte(`{
  "entries": ["assembly/index.ts"],
  "options": {
    "optimizeLevel": 3
  }
}
`)},
	{"assembly/index.ts", []byte(`// Plugin {NAME} passes each message on.
import { handler, Message, Out, Verdict } from "pelton";
export * from "pelton/exports";

handler((m: Message, out: Out): Verdict => {
  out.emit("default", m.key, m.payload);
  return Verdict.ack();
}, ["default"]);
`)},
}

var assemblyScriptLocal = []File{{"assembly/tsconfig.json", []byte(`{
  "extends": "assemblyscript/std/assembly.json",
  "compilerOptions": {
    "paths": {
      "pelton": ["{SDK}/pelton/index.ts"],
      "pelton/*": ["{SDK}/pelton/*.ts"]
    }
  },
  "include": ["./**/*.ts"]
}
`)}}

var cFiles = []File{{"{IDENT}.c", []byte(`/* Plugin {NAME} passes each message on. */
#include <pelton.h>

static pelton_verdict handle(const pelton_message *m, pelton_out out)
{
	pelton_emit(out, "default", m->key, m->payload);
	return pelton_ack();
}

PELTON_PLUGIN { .handle = handle, .outputs = {{"default"}} };
`)}}

var cLocal = []File{{"compile_flags.txt", []byte(`--target=wasm32
-std=c11
-ffreestanding
-isystem
{SDK}
`)}}
