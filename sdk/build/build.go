package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Options are where a build keeps its results and says what it does.
type Options struct {
	CacheDir string    // for the SDK's source and finished modules; default "pelton" in the user's cache directory
	Log      io.Writer // a line when a build begins; nil says nothing
}

// Artifact is a module, ready to be loaded or uploaded.
type Artifact struct {
	Path   string // of the .wasm file: the one given, or the one in the cache
	Bytes  []byte
	Digest string // "sha256:<hex>" of Bytes
}

// Errors of Build. Their texts say what to do.
var (
	// ErrNoToolchain says that the machine lacks what builds the plugin's language.
	ErrNoToolchain = errors.New("no toolchain")
	// ErrCompile wraps the compiler's lines.
	ErrCompile = errors.New("the plugin does not compile")
	// ErrModule says that the directory is none that can be built.
	ErrModule = errors.New("not a plugin's directory")
)

// project is one directory's source and how it is going to be built.
type project interface {
	// signature is a hash of all that the result depends on.
	signature() string
	// compile makes the module and puts it at target, at once.
	compile(ctx context.Context, target string) error
}

// Build makes the module of the plugin in dir, or reads it if dir is a .wasm file.
func Build(ctx context.Context, dir string, o Options) (Artifact, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return Artifact{}, fmt.Errorf("plugin %s: %w; give a directory with a plugin's source or a .wasm file", dir, errors.Unwrap(err))
	}
	if !info.IsDir() {
		return read(dir)
	}
	if o.CacheDir, err = cacheDir(o.CacheDir); err != nil {
		return Artifact{}, err
	}
	p, err := inspect(ctx, dir, o.CacheDir)
	if err != nil {
		return Artifact{}, fmt.Errorf("plugin %s: %w", dir, err)
	}
	target := filepath.Join(o.CacheDir, "modules", p.signature()+".wasm")
	if a, err := read(target); err == nil {
		return a, nil
	}
	unlock, err := lock(ctx, target+".lock")
	if err != nil {
		return Artifact{}, fmt.Errorf("plugin %s: %w", dir, err)
	}
	defer unlock()
	if a, err := read(target); err == nil {
		return a, nil // another builder made it while this one waited
	}
	if o.Log != nil {
		fmt.Fprintf(o.Log, "building %s\n", dir)
	}
	if err = p.compile(ctx, target); err != nil {
		return Artifact{}, fmt.Errorf("plugin %s: %w", dir, err)
	}
	return read(target)
}

func read(path string) (Artifact, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Artifact{}, fmt.Errorf("plugin: %w", err)
	}
	if !strings.HasPrefix(string(b), "\x00asm") {
		return Artifact{}, fmt.Errorf("%w: %s is neither a directory nor a WebAssembly module", ErrModule, path)
	}
	return Artifact{Path: path, Bytes: b, Digest: "sha256:" + digest(b)}, nil
}

func cacheDir(dir string) (string, error) {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache directory: %w; set XDG_CACHE_HOME or HOME", err)
		}
		dir = filepath.Join(base, "pelton")
	}
	if err := os.MkdirAll(filepath.Join(dir, "modules"), 0o755); err != nil {
		return "", fmt.Errorf("cache directory: %w", err)
	}
	return filepath.Abs(dir)
}
