package fuel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/peltonhq/pelton/actor/wasm/fuel"
)

// Whatever the bytes are: no panic, nor that the engine takes all memory, as it does for a list of a length that lies; what the
// engine takes before, but for custom sections, it takes after, unless it is refused (that nothing is refused that should not be
// is the suite's and TestRealModules' to show); what it does not take before, it does not take after.
func FuzzRewrite(f *testing.F) {
	for _, module := range modules(f, 2<<10) {
		f.Add(module)
	}
	f.Add(one(around()...).bytes())
	f.Add(lyingNames)
	ctx := context.Background()
	engine := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features).WithMemoryLimitPages(16))
	f.Cleanup(func() { engine.Close(context.Background()) })
	takes := func(module []byte) (err error) {
		defer func() { // the engine panics on some modules that are not valid
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		compiled, err := engine.CompileModule(ctx, fuel.Bare(module))
		if err == nil {
			err = compiled.Close(ctx)
		}
		return err
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		metered, err := fuel.Rewrite(module, options)
		if err != nil {
			if class, ok := errors.AsType[*fuel.Error](err); !ok || class.Err == nil {
				t.Errorf("refused without a reason: %v", err)
			}
			return // the engine is not asked: what was refused may take all memory of its host
		}
		before, after := takes(module), takes(metered)
		if _, err := engine.CompileModule(ctx, metered); after == nil && err != nil {
			t.Errorf("the engine does not take the names: %v", err)
		}
		if before == nil && after != nil {
			t.Errorf("the engine does not take it any more: %v", after)
		}
		if before != nil && after == nil {
			t.Errorf("the engine takes it only now; before: %v", before)
		}
	})
}

// lyingNames is a module whose list of names says that it has 268 million: engines that believe it take 6 GiB.
var lyingNames = []byte("\x00asm\x01\x00\x00\x00\x00\x0d\x04name\x01\x06\xff\xff\xff\x7f\x00\x00")

// What a module says in custom sections is not given to the engine, and only names that are true come out again.
func TestBare(t *testing.T) {
	metered, err := fuel.Rewrite(lyingNames, options)
	if err != nil || !compiles(t, metered) {
		t.Errorf("%v", err)
	}
	if got := fuel.Bare(lyingNames); string(got) != "\x00asm\x01\x00\x00\x00" {
		t.Errorf("%x", got)
	}
	whole := one(around()...).bytes()
	if got := fuel.Bare(append(bytes.Clone(whole), lyingNames[8:]...)); !bytes.Equal(got, whole) {
		t.Errorf("%x, want %x", got, whole)
	}
	if got := fuel.Bare(whole[:len(whole)-1]); !bytes.Equal(got, whole[:len(whole)-1]) {
		t.Errorf("%x", got)
	}
}

// modules are all that come with the engine, up to a size.
func modules(t testing.TB, most int64) (all [][]byte) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(suites(t), "..", "..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".wasm" {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > most {
			return err
		}
		module, err := os.ReadFile(path)
		all = append(all, module)
		return err
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d modules, %v", len(all), err)
	}
	return all
}

// Modules of many compilers: those that the engine takes, it takes after rewriting too.
func TestRealModules(t *testing.T) {
	count := 0
	for _, module := range modules(t, 4<<20) {
		if len(module) < 16<<10 || !compiles(t, module) {
			continue
		}
		count++
		metered, err := fuel.Rewrite(module, options)
		if err != nil || !compiles(t, metered) {
			t.Errorf("a module of %d bytes: %v", len(module), err)
		}
		t.Logf("%d bytes, %.1f %% more", len(module), 100*float64(len(metered)-len(module))/float64(len(module)))
	}
	if count < 10 {
		t.Errorf("only %d modules were tried", count)
	}
}
