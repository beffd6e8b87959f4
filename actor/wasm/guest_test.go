package wasm_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/sdk/build"
)

func TestMain(m *testing.M) {
	if os.Getenv(spinner) != "" {
		spin()
	}
	goleak.VerifyTestMain(m)
}

// cache is where tests keep compiled code; it outlives a run, so that only the first one is slow.
func cache(t testing.TB) string {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(base, "pelton")
}

var (
	built sync.Map // directory -> bytes
)

// guest builds a Go plugin.
func guest(t testing.TB, dir string) []byte {
	t.Helper()
	if b, ok := built.Load(dir); ok {
		return b.([]byte)
	}
	a, err := build.Build(t.Context(), dir, build.Options{CacheDir: cache(t)})
	if err != nil {
		t.Fatal(err)
	}
	built.Store(dir, a.Bytes)
	return a.Bytes
}

// engine is a runtime that ends with the test.
func engine(t testing.TB) *wasm.Runtime {
	t.Helper()
	ctx := context.Background()
	r, err := wasm.New(ctx, wasm.Options{CacheDir: filepath.Join(cache(t), "wazero")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// load is a module that ends with the test.
func load(t testing.TB, artifact []byte) actor.Module {
	t.Helper()
	m, err := engine(t).Load(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// start is an instance that ends with the test.
func start(t testing.TB, m actor.Module, env actor.Env) actor.Instance {
	t.Helper()
	n, err := m.Start(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// suite is a running suite plugin.
func suite(t testing.TB, env actor.Env) actor.Instance {
	t.Helper()
	return start(t, load(t, guest(t, "testdata/suite")), env)
}

// batch is a begun turn with these payloads, none after another.
func batch(limit int64, payloads ...string) *actor.Turn {
	lane := &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	t := &actor.Turn{}
	for i, p := range payloads {
		meta := &pelton.Meta{Lane: lane, Position: uint64(i), Attempt: 1}
		t.Deliveries = append(t.Deliveries, actor.Delivery{View: pelton.Borrow([]byte(p), []byte("k"), meta, nil, nil), After: -1})
	}
	t.Begin(limit)
	return t
}
