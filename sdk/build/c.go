package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cFlags are those of every build: no C library, a stack that ends where the data begins so that its overflow is a trap,
// and mistakes that C lets pass as warnings are errors.
var cFlags = []string{
	"--target=wasm32", "-std=c11", "-O2", "-ffreestanding", "-nostdlib", "-mbulk-memory", "-msign-ext", "-mnontrapping-fptoint",
	"-Wall", "-Werror=implicit-function-declaration", "-Werror=int-conversion", "-Werror=incompatible-pointer-types",
	"-Werror=return-type", "-Werror=excess-initializers", "-fno-color-diagnostics",
}

var linkFlags = []string{"--no-entry", "--strip-all", "--gc-sections", "--stack-first", "-z", "stack-size=131072"}

// clang is a plugin in C.
type clang struct {
	dir     string // absolute
	command string
	linker  string // wasm-ld, run by itself: clang would run any wasm-opt that it finds
	sdk     string
	sources []string // names of .c files in dir
	hash    string
}

const cNeeds = "C source needs clang and lld with the target wasm32; install them (Debian: apt-get install clang lld)"

func inspectC(ctx context.Context, dir, cache string) (project, error) {
	p := &clang{dir: dir}
	var err error
	if p.command, err = exec.LookPath("clang"); err != nil {
		return nil, lacks(cNeeds)
	}
	run := func(args ...string) (string, error) { return tool{dir: dir}.run(ctx, p.command, args...) }
	version, err := run("--version")
	if err != nil {
		return nil, err
	}
	linker, err := run("-print-prog-name=wasm-ld")
	if err != nil {
		return nil, err
	}
	if p.linker, err = exec.LookPath(strings.TrimSpace(linker)); err != nil {
		return nil, lacks(cNeeds + ": wasm-ld is not there")
	}
	link, err := tool{dir: dir}.run(ctx, p.linker, "--version")
	if err != nil {
		return nil, err
	}
	if p.sdk, err = Install(cache, "c"); err != nil {
		return nil, err
	}
	sources, err := filepath.Glob(filepath.Join(escape(dir), "*.c"))
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		p.sources = append(p.sources, filepath.Base(s))
	}
	h := sha256.New()
	fmt.Fprintf(h, "c\n%s\n%s\n%q\n%q\n%s\n", version, link, cFlags, linkFlags, digest(archive("c")))
	if err := tree(h, dir, func(string, bool) bool { return false }); err != nil {
		return nil, err
	}
	p.hash = hex.EncodeToString(h.Sum(nil))
	return p, nil
}

func (p *clang) signature() string { return p.hash }

func (p *clang) compile(ctx context.Context, target string) error {
	work, remove, err := scratch(target)
	if err != nil {
		return err
	}
	defer remove()
	result := filepath.Join(work, "plugin.wasm")
	link := append(append([]string(nil), linkFlags...), "-o", result)
	for _, source := range p.sources {
		object := filepath.Join(work, source+".o")
		args := append(append([]string(nil), cFlags...), "-I.", "-isystem", p.sdk, "-c", source, "-o", object)
		if _, err := (tool{dir: p.dir}).run(ctx, p.command, args...); err != nil {
			if strings.Contains(err.Error(), "compatible with triple") {
				return lacks(cNeeds + ": this clang is built without it")
			}
			return err
		}
		link = append(link, object)
	}
	// The linker names objects; people know the sources.
	tidy := func(line string) string {
		return strings.ReplaceAll(strings.ReplaceAll(line, work+string(filepath.Separator), ""), ".c.o", ".c")
	}
	if _, err := (tool{dir: p.dir, tidy: tidy}).run(ctx, p.linker, link...); err != nil {
		return err
	}
	return os.Rename(result, target)
}
