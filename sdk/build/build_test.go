package build_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/peltonhq/pelton/sdk/build"
)

// place is a new plugin from the template, in a directory of its own.
func place(t *testing.T, sdk string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := build.Template("go", "sample", sdk)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// offline builds with nothing reachable but the Go toolchain.
func offline(t *testing.T, dir, cache string, log *bytes.Buffer) (build.Artifact, error) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=vendor") // of somebody's machine: must not matter
	o := build.Options{CacheDir: cache}
	if log != nil {
		o.Log = log
	}
	return build.Build(t.Context(), dir, o)
}

func TestArchivesAreUpToDate(t *testing.T) {
	for _, lang := range build.Languages() {
		b, err := os.ReadFile(lang + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		packed := map[string]string{}
		for _, f := range txtar.Parse(b).Files {
			packed[f.Name] = string(f.Data)
		}
		dir := filepath.Join("..", lang)
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name := strings.TrimPrefix(filepath.ToSlash(path), "../"+lang+"/")
			ext := filepath.Ext(name)
			if !slices.Contains([]string{".go", ".h", ".rs", ".ts", ".mod", ".toml", ".json"}, ext) || strings.HasSuffix(name, "_test.go") || name == "rustfmt.toml" {
				return nil
			}
			source, err := os.ReadFile(path)
			if packed[name] != string(source) {
				t.Errorf("%s.txtar has another %s than %s: run go generate ./sdk/build", lang, name, dir)
			}
			delete(packed, name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range packed {
			t.Errorf("%s.txtar has %s, which %s has not: run go generate ./sdk/build", lang, name, dir)
		}
	}
}

func TestBuildIsCachedByItsSource(t *testing.T) {
	dir, cache := place(t, ""), t.TempDir()
	var log bytes.Buffer
	first, err := offline(t, dir, cache, &log)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(first.Bytes, []byte("\x00asm")) || !strings.HasPrefix(first.Digest, "sha256:") || !strings.Contains(log.String(), "building "+dir) {
		t.Errorf("got %d bytes, digest %s, log %q", len(first.Bytes), first.Digest, &log)
	}
	log.Reset()
	write(t, filepath.Join(dir, "notes_test.go"), "package main\n") // tests are no part of the result
	again, err := offline(t, dir, cache, &log)
	if err != nil || again.Digest != first.Digest || log.Len() > 0 {
		t.Errorf("the same source was built again: %v, log %q", err, &log)
	}
	text, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "main.go"), strings.Replace(string(text), `"default"`, `""`, 1))
	changed, err := offline(t, dir, cache, &log)
	if err != nil || changed.Digest == first.Digest {
		t.Errorf("a change of the source made no other module: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 { // go.mod, main.go and two tests
		t.Errorf("the build left something in the plugin's directory: %v, %v", entries, err)
	}
	read, err := build.Build(t.Context(), changed.Path, build.Options{CacheDir: cache})
	if err != nil || read.Digest != changed.Digest {
		t.Errorf("the .wasm file itself: %v", err)
	}
}

// The digest tells whether the config's code has changed, so the same source gives the same one wherever it is built.
func TestDigestKnowsNoDirectory(t *testing.T) {
	one, err := offline(t, place(t, ""), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := offline(t, place(t, ""), filepath.Join(t.TempDir(), "deeper", "still"), nil)
	if err != nil || one.Digest != two.Digest {
		t.Errorf("digests %s and %s: %v", one.Digest, two.Digest, err)
	}
}

func TestConcurrentBuildersShareOneBuild(t *testing.T) {
	dir, cache := place(t, ""), t.TempDir()
	t.Setenv("GOPROXY", "off")
	var mu sync.Mutex
	var log bytes.Buffer
	var wg sync.WaitGroup
	digests := make([]string, 4)
	for i := range digests {
		wg.Go(func() {
			a, err := build.Build(context.Background(), dir, build.Options{CacheDir: cache, Log: writer(func(p []byte) {
				mu.Lock()
				defer mu.Unlock()
				log.Write(p)
			})})
			if err != nil {
				t.Error(err)
			}
			digests[i] = a.Digest
		})
	}
	wg.Wait()
	if n := strings.Count(log.String(), "building"); n != 1 {
		t.Errorf("%d of 4 builders built", n)
	}
	for _, d := range digests {
		if d != digests[0] || d == "" {
			t.Errorf("got %q", digests)
		}
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestCompilerErrors(t *testing.T) {
	dir := place(t, "")
	write(t, filepath.Join(dir, "main.go"), "package main\n\nfunc main() { undefinedName() }\n")
	_, err := offline(t, dir, t.TempDir(), nil)
	if !errors.Is(err, build.ErrCompile) {
		t.Fatalf("got %v", err)
	}
	if want := "plugin " + dir + ": the plugin does not compile:\n./main.go:3:15: undefined: undefinedName"; err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestNoToolchain(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for lang, words := range map[string]string{
		"go": "https://go.dev/dl", "rust": "libstd-rust-dev-wasm32", "assemblyscript": "Node.js", "c": "apt-get install clang lld",
	} {
		dir := filepath.Join(t.TempDir(), "p") // the name is part of no message
		files, err := build.Template(lang, "sample", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			lay(t, filepath.Join(dir, f.Name), string(f.Data))
		}
		_, err = build.Build(t.Context(), dir, build.Options{CacheDir: t.TempDir()})
		if !errors.Is(err, build.ErrNoToolchain) || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "or give a .wasm file, which works instead") {
			t.Errorf("%s: got %v, want %q", lang, err, words)
		}
	}
}

// lay is write into a directory that may not be there.
func lay(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, path, text)
}

func TestWhatIsNoPlugin(t *testing.T) {
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "x.wasm")
	write(t, file, "<html>")
	broken, both := t.TempDir(), t.TempDir()
	write(t, filepath.Join(broken, "go.mod"), "modul x\n")
	for _, name := range []string{"Cargo.toml", "asconfig.json", "x.c"} {
		write(t, filepath.Join(both, name), "")
	}
	rows := []struct{ path, words string }{
		{empty, "no go.mod, Cargo.toml, asconfig.json or .c file; `pelton plugin new NAME`"},
		{both, "it has both Cargo.toml and asconfig.json"},
		{file, "neither a directory nor a WebAssembly module"},
		{broken, "go.mod:1: unknown directive: modul"},
		{filepath.Join(empty, "nowhere"), "no such file or directory"},
	}
	for _, row := range rows {
		_, err := build.Build(t.Context(), row.path, build.Options{CacheDir: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), row.words) {
			t.Errorf("got %v, want %q in it", err, row.words)
		}
	}
}

func TestLocalDependencyIsPartOfTheHash(t *testing.T) {
	dir, cache := place(t, ""), t.TempDir()
	lib := filepath.Join(dir, ".lib") // a dot keeps it out of the plugin's own tree
	if err := os.Mkdir(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(lib, "go.mod"), "module example.com/lib\n\ngo 1.24\n")
	write(t, filepath.Join(lib, "lib.go"), "package lib\n\nconst Word = \"one\"\n")
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), string(mod)+"\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./.lib\n")
	write(t, filepath.Join(dir, "word.go"), "package main\n\nimport \"example.com/lib\"\n\nfunc init() { println(lib.Word) }\n")
	one, err := offline(t, dir, cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(lib, "lib.go"), "package lib\n\nconst Word = \"two\"\n")
	two, err := offline(t, dir, cache, nil)
	if err != nil || one.Digest == two.Digest {
		t.Errorf("a change of a local dependency made no other module: %v", err)
	}
}

func TestTemplatePassesItsOwnTestOffline(t *testing.T) {
	sdk, err := build.Install(t.TempDir(), "go")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", "test", "./...")
	c.Dir = place(t, sdk)
	c.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if again, err := build.Install(filepath.Dir(filepath.Dir(sdk)), "go"); err != nil || again != sdk {
		t.Errorf("a second install: %s, %v", again, err)
	}
}

func TestTemplateName(t *testing.T) {
	for _, name := range []string{"", "Upper", "a/b", "1st", "..", strings.Repeat("a", 64)} {
		if _, err := build.Template("go", name, ""); err == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
	if _, err := build.Template("cobol", "x", ""); err == nil || !strings.Contains(err.Error(), "want go, rust, assemblyscript, c") {
		t.Errorf("got %v", err)
	}
}
