package process_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/process"
)

func TestMain(m *testing.M) {
	if os.Getenv(hostVariable) != "" {
		host()
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println(err.Error())
			code = 1
		}
	}
	if binaries.dir != "" {
		_ = os.RemoveAll(binaries.dir)
	}
	os.Exit(code)
}

// binaries are the programs of testdata, built once.
var binaries struct {
	sync.Mutex

	dir   string
	built map[string]string
}

// binary builds a program of testdata with the Go toolchain.
func binary(tb testing.TB, name string) string {
	tb.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	if path, ok := binaries.built[name]; ok {
		return path
	}
	if binaries.dir == "" {
		dir, err := os.MkdirTemp("", "pelton-test-") //nolint:usetesting // it outlives the test: the others use it too
		if err != nil {
			tb.Fatal(err)
		}
		binaries.dir, binaries.built = dir, map[string]string{}
	}
	path := filepath.Join(binaries.dir, name)
	out, err := exec.Command("go", "build", "-o", path, "./testdata/"+name).CombinedOutput()
	if err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	binaries.built[name] = path
	return path
}

// runtime is one that ends with the test, with a directory of its own.
func runtime(tb testing.TB) *process.Runtime {
	tb.Helper()
	r, err := process.New(process.Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.Close)
	return r
}

// module loads a program as it is configured.
func module(tb testing.TB, r *process.Runtime, c process.Config) (actor.Module, error) {
	tb.Helper()
	p, err := r.Program(c)
	if err != nil {
		return nil, err
	}
	artifact, err := p.Pack()
	if err != nil {
		return nil, err
	}
	return p.Load(tb.Context(), artifact)
}

// load is a module that ends with the test.
func load(tb testing.TB, command ...string) actor.Module {
	tb.Helper()
	m, err := module(tb, runtime(tb), process.Config{Command: command})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return m
}

// start is an instance that ends with the test.
func start(tb testing.TB, m actor.Module, env actor.Env) actor.Instance {
	tb.Helper()
	i, err := m.Start(tb.Context(), env)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := i.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return i
}
