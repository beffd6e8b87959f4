package build_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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
	files, err := build.Template("sample", sdk)
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

func TestArchiveIsUpToDate(t *testing.T) {
	b, err := os.ReadFile("sdk.txtar")
	if err != nil {
		t.Fatal(err)
	}
	packed := map[string]string{}
	for _, f := range txtar.Parse(b).Files {
		packed[f.Name] = string(f.Data)
	}
	entries, err := os.ReadDir("../go")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if name != "go.mod" && (!strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go")) {
			continue
		}
		source, err := os.ReadFile(filepath.Join("../go", name))
		if err != nil {
			t.Fatal(err)
		}
		if packed[name] != string(source) {
			t.Errorf("sdk.txtar has another %s than sdk/go: run go generate ./sdk/build", name)
		}
		delete(packed, name)
	}
	for name := range packed {
		t.Errorf("sdk.txtar has %s, which sdk/go has not: run go generate ./sdk/build", name)
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
	dir := place(t, "")
	t.Setenv("PATH", t.TempDir())
	_, err := build.Build(t.Context(), dir, build.Options{CacheDir: t.TempDir()})
	if !errors.Is(err, build.ErrNoToolchain) || !strings.Contains(err.Error(), "go.dev/dl") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoPlugin(t *testing.T) {
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "x.wasm")
	write(t, file, "<html>")
	broken := t.TempDir()
	write(t, filepath.Join(broken, "go.mod"), "modul x\n")
	rows := []struct{ path, words string }{
		{empty, "no go.mod; `pelton plugin new NAME`"},
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
	sdk, err := build.Install(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", "test", "./...")
	c.Dir = place(t, sdk)
	c.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if again, err := build.Install(filepath.Dir(filepath.Dir(sdk))); err != nil || again != sdk {
		t.Errorf("a second install: %s, %v", again, err)
	}
}

func TestTemplateName(t *testing.T) {
	for _, name := range []string{"", "Upper", "a/b", "1st", "..", strings.Repeat("a", 64)} {
		if _, err := build.Template(name, ""); err == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
}
