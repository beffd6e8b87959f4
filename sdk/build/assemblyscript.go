package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// assemblyScriptFlags are those of every build, beside what asconfig.json says: the imports that the compiler would
// make for a browser are the SDK's.
var assemblyScriptFlags = []string{
	"--config", "asconfig.json", "--exportStart", "_initialize", "--noColors",
	"--use", "abort=~lib/pelton/host/abort", "--use", "seed=~lib/pelton/host/seed",
}

// assemblyScript is a plugin in AssemblyScript.
type assemblyScript struct {
	dir      string // absolute
	node     string
	compiler string // asc.js
	sdk      string
	hash     string
}

func inspectAssemblyScript(_ context.Context, dir, cache string) (project, error) {
	p := &assemblyScript{dir: dir}
	var err error
	if p.node, err = exec.LookPath("node"); err != nil {
		return nil, lacks("AssemblyScript source needs Node.js; install it (Debian: apt-get install nodejs npm), then run npm install in the plugin's directory")
	}
	var version string
	if p.compiler, version, err = findCompiler(dir); err != nil {
		return nil, err
	}
	if p.sdk, err = Install(cache, "assemblyscript"); err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "assemblyscript\n%s\n%q\n%s\n", version, assemblyScriptFlags, digest(archive("assemblyscript")))
	// What is installed is known by what npm wrote down.
	installed, err := os.ReadFile(filepath.Join(dir, "node_modules", ".package-lock.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	h.Write(installed)
	skip := func(path string, dir bool) bool { return dir && filepath.Base(path) == "node_modules" }
	if err := tree(h, dir, skip); err != nil {
		return nil, err
	}
	p.hash = hex.EncodeToString(h.Sum(nil))
	return p, nil
}

// findCompiler looks for the package assemblyscript as Node.js would, from the plugin's directory upwards, and then for a
// global one.
func findCompiler(dir string) (script, version string, err error) {
	var places []string
	for at := dir; ; at = filepath.Dir(at) {
		places = append(places, filepath.Join(at, "node_modules", "assemblyscript"))
		if at == filepath.Dir(at) {
			break
		}
	}
	if command, err := exec.LookPath("asc"); err == nil {
		if script, err := filepath.EvalSymlinks(command); err == nil {
			places = append(places, filepath.Dir(filepath.Dir(script)))
		}
	}
	for _, place := range places {
		text, err := os.ReadFile(filepath.Join(place, "package.json"))
		if err != nil {
			continue
		}
		var is struct{ Name, Version string }
		if json.Unmarshal(text, &is) == nil && is.Name == "assemblyscript" {
			return filepath.Join(place, "bin", "asc.js"), is.Version, nil
		}
	}
	return "", "", lacks(fmt.Sprintf("AssemblyScript source needs its compiler; run npm install in %s, or npm install -g assemblyscript@0.28", dir))
}

func (p *assemblyScript) signature() string { return p.hash }

func (p *assemblyScript) compile(ctx context.Context, target string) error {
	work, remove, err := scratch(target)
	if err != nil {
		return err
	}
	defer remove()
	result := filepath.Join(work, "plugin.wasm")
	args := append([]string{p.compiler}, assemblyScriptFlags...)
	args = append(args, "--path", p.sdk, "--outFile", result)
	if _, err := (tool{dir: p.dir}).run(ctx, p.node, args...); err != nil {
		return err
	}
	return os.Rename(result, target)
}
