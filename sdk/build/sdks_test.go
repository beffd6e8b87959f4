//go:build sdks

package build_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/sdk/build"
)

// foreign are the languages other than Go, with what a test changes in the template's main file, and the compiler's words
// for a name that is not there.
var foreign = []struct{ lang, main, old, broken, words string }{
	{"rust", "src/lib.rs", `out.emit("default", m.key(), m.payload());`, "nowhere();", "error[E0425]: cannot find function `nowhere` in this scope\n --> src/lib.rs:6:5\n"},
	{"assemblyscript", "assembly/index.ts", `out.emit("default", m.key, m.payload);`, "nowhere();", "ERROR TS2304: Cannot find name 'nowhere'."},
	{"c", "sample.c", `pelton_emit(out, "default", m->key, m->payload);`, "nowhere();", "sample.c:6:2: error: implicit declaration of function 'nowhere'"},
}

// begin is a new plugin from the template, with its toolchain where that lies beside the source.
func begin(t *testing.T, lang, sdk string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := build.Template(lang, "sample", sdk)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		lay(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	return dir
}

// entries are the paths of all that is in a directory.
func entries(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func TestForeignTemplates(t *testing.T) {
	for _, f := range foreign {
		t.Run(f.lang, func(t *testing.T) {
			dir, cache := begin(t, f.lang, ""), t.TempDir()
			before := entries(t, dir)
			var log bytes.Buffer
			first, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache, Log: &log})
			if err != nil || !strings.Contains(log.String(), "building "+dir) {
				t.Fatalf("%v, log %q", err, &log)
			}
			log.Reset()
			if again, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache, Log: &log}); err != nil || again.Digest != first.Digest || log.Len() > 0 {
				t.Errorf("the same source was built again: %v, log %q", err, &log)
			}
			elsewhere := filepath.Join(t.TempDir(), "deeper", "still")
			if other, err := build.Build(t.Context(), begin(t, f.lang, ""), build.Options{CacheDir: elsewhere}); err != nil || other.Digest != first.Digest {
				t.Errorf("elsewhere the digest is %s, here %s: %v", other.Digest, first.Digest, err)
			}
			text, err := os.ReadFile(filepath.Join(dir, f.main))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, f.main), strings.Replace(string(text), f.old, "", 1))
			if changed, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache}); err != nil || changed.Digest == first.Digest {
				t.Errorf("a change of the source made no other module: %v", err)
			}
			write(t, filepath.Join(dir, f.main), strings.Replace(string(text), f.old, f.broken, 1))
			if _, err = build.Build(t.Context(), dir, build.Options{CacheDir: cache}); !errors.Is(err, build.ErrCompile) || !strings.Contains(err.Error(), f.words) {
				t.Errorf("got %v\nwant %s", err, f.words)
			}
			if after := entries(t, dir); after != before {
				t.Errorf("the build left something in the plugin's directory:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// A plugin imports what it uses and no other part of a capability: the wheel refuses imports of what is not granted.
func TestForeignImports(t *testing.T) {
	puts := map[string]string{
		"rust": `out.kv().put("k", m.payload());`, "assemblyscript": `out.kv.put(m.payload, m.payload);`,
		"c": `pelton_kv_put(out, m->payload, m->payload);`,
	}
	all := []string{"kv_get", "kv_put", "kv_delete", "kv_next", "http_request", "http_status", "http_text"}
	for _, f := range foreign {
		for code, want := range map[string]string{f.old: "", puts[f.lang]: "kv_put"} {
			dir := begin(t, f.lang, "")
			text, err := os.ReadFile(filepath.Join(dir, f.main))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, f.main), strings.Replace(string(text), f.old, code, 1))
			a, err := build.Build(t.Context(), dir, build.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range all {
				if got := bytes.Contains(a.Bytes, []byte("\x06pelton"+string(rune(len(name)))+name)); got != (name == want) {
					t.Errorf("%s: %s: imports %s: %v", f.lang, code, name, got)
				}
			}
		}
	}
}

func TestRustPathDependency(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	dir := filepath.Join(root, "plugin")
	files, err := build.Template("rust", "sample", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text := strings.Replace(string(f.Data), "[dependencies]", "[dependencies]\nshared = { path = \"../shared\" }", 1)
		lay(t, filepath.Join(dir, f.Name), strings.Replace(text, "m.payload());", "shared::word(m.payload().len()));", 1))
	}
	lay(t, filepath.Join(root, "shared", "Cargo.toml"), "[package]\nname = \"shared\"\nversion = \"0.0.0\"\nedition = \"2021\"\n")
	lay(t, filepath.Join(root, "shared", "src", "lib.rs"), "pub fn word(n: usize) -> &'static str { [\"one\", \"uno\"][n] }\n")
	one, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	lay(t, filepath.Join(root, "shared", "src", "lib.rs"), "pub fn word(n: usize) -> &'static str { [\"two\", \"due\"][n] }\n")
	two, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache})
	if err != nil || one.Digest == two.Digest || !bytes.Contains(two.Bytes, []byte("two")) {
		t.Errorf("a change of a path dependency made no other module: %v", err)
	}
	// Where it was built is not in it: the place of the panic in the dependency is a mapped one.
	if !bytes.Contains(two.Bytes, []byte("/pelton/shared/src/lib.rs")) || bytes.Contains(two.Bytes, []byte(cache)) {
		t.Error("the module has a path of this machine in it")
	}
}

// A lock file that this cargo can't read stands in the way only as long as it is there.
func TestRustForgetsALockFile(t *testing.T) {
	dir, cache := begin(t, "rust", ""), t.TempDir()
	lock := filepath.Join(dir, "Cargo.lock")
	lay(t, lock, "version = 99\n")
	if _, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache}); !errors.Is(err, build.ErrCompile) || !strings.Contains(err.Error(), "Cargo.lock") {
		t.Errorf("with a lock file of the future: %v", err)
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if _, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache}); err != nil {
		t.Errorf("without it: %v", err)
	}
}

func TestRustThatMakesNoModule(t *testing.T) {
	for text, words := range map[string]string{
		"[package]\nname = \"x\"\nversion = \"0.0.0\"\n": `put crate-type = ["cdylib"] into [lib]`,
		"[workspace]\nmembers = []\n":                    "its Cargo.toml has no [package]",
		"[pakkage]\n":                                    "Cargo.toml",
	} {
		dir := t.TempDir()
		lay(t, filepath.Join(dir, "Cargo.toml"), text)
		lay(t, filepath.Join(dir, "src", "lib.rs"), "")
		_, err := build.Build(t.Context(), dir, build.Options{CacheDir: t.TempDir()})
		if !errors.Is(err, build.ErrModule) || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
	}
}

func TestCLinksSeveralFiles(t *testing.T) {
	dir := begin(t, "c", "")
	write(t, filepath.Join(dir, "more.c"), "#include <pelton.h>\nint more(void) { return pelton_now() > 0; }\n")
	text, err := os.ReadFile(filepath.Join(dir, "sample.c"))
	if err != nil {
		t.Fatal(err)
	}
	call := strings.Replace(string(text), "\treturn", "\tint more(void);\n\tmore();\n\treturn", 1)
	write(t, filepath.Join(dir, "sample.c"), call)
	if _, err := build.Build(t.Context(), dir, build.Options{CacheDir: t.TempDir()}); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(dir, "more.c"), "int less(void);\nint more(void) { return less(); }\n")
	_, err = build.Build(t.Context(), dir, build.Options{CacheDir: t.TempDir()})
	if !errors.Is(err, build.ErrCompile) || !strings.Contains(err.Error(), "wasm-ld: error: more.c: undefined symbol: less") {
		t.Errorf("got %v", err)
	}
}

// The crate's own tests, and those of a new plugin, run on this machine without WebAssembly.
func TestCargoTest(t *testing.T) {
	sdk, err := build.Install(t.TempDir(), "rust")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{sdk, begin(t, "rust", sdk)} {
		c := exec.Command("cargo", "test", "--offline", "--quiet")
		c.Dir = dir
		c.Env = append(os.Environ(), "CARGO_TARGET_DIR="+t.TempDir())
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 passed") && !strings.Contains(string(out), "6 passed") {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// Each plugin that a README shows builds. The user's own cache keeps it, so that only the first run is slow.
func TestForeignReadmes(t *testing.T) {
	for _, f := range foreign {
		text, err := os.ReadFile(filepath.Join("..", f.lang, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		plugins := 0
		for i, block := range strings.Split(string(text), "\n```") {
			if _, body, _ := strings.Cut(block, "\n"); i%2 == 1 {
				dir := begin(t, f.lang, "")
				write(t, filepath.Join(dir, f.main), body+"\n")
				if _, err := build.Build(t.Context(), dir, build.Options{}); err != nil {
					t.Errorf("plugin %d of %s/README.md: %v", plugins, f.lang, err)
				}
				plugins++
			}
		}
		if plugins != 4 {
			t.Errorf("%s/README.md has %d plugins, want a handler, a reducer, one that keeps a state and one with capabilities", f.lang, plugins)
		}
	}
}
