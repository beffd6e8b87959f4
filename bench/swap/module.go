package swap

import (
	"context"
	"encoding/binary"
	"os"
	"sync/atomic"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/wasm"
	"github.com/peltonhq/pelton/bench/guest"
)

// artifact is a guest's bytes.
type artifact struct {
	language string
	bytes    []byte
	versions atomic.Uint64
}

func read(g guest.Guest) (*artifact, error) {
	bytes, err := os.ReadFile(g.Path)
	a := &artifact{language: g.Language, bytes: bytes}
	a.versions.Store(uint64(time.Now().UnixNano())) // a cache on disk may know those of an earlier run
	return a, err
}

// unseen is the same module with a custom section of its own behind it, so that no cache knows it.
func (a *artifact) unseen() []byte {
	section := []byte{0, 13, 4, 'b', 'e', 'n', 'c'} // custom, 13 bytes, a name of 4 bytes
	return binary.LittleEndian.AppendUint64(append(append([]byte{}, a.bytes...), section...), a.versions.Add(1))
}

// env is how the guests are started.
func env() actor.Env {
	return actor.Env{
		Plugin: "p0", Config: config, Log: func(string, string) {},
		Limits: actor.Limits{Memory: actor.DefaultMemory, Time: int64(actor.DefaultTime), Output: actor.DefaultOutput},
	}
}

var config = []byte(`{"op":"head"}`)

// ready is how long it takes to make a version ready.
type ready struct{ cold, cached, start time.Duration }

// prepare compiles a version that was never seen, compiles it again by the cache on disk, and starts an instance.
func (a *artifact) prepare(ctx context.Context, dir string) (r ready, err error) {
	bytes := a.unseen()
	for _, took := range []*time.Duration{&r.cold, &r.cached} {
		runtime, err := wasm.New(ctx, wasm.Options{CacheDir: dir})
		if err != nil {
			return r, err
		}
		begin := time.Now()
		m, err := runtime.Load(ctx, bytes)
		*took = time.Since(begin)
		if err != nil {
			return r, err
		}
		begin = time.Now()
		i, err := m.Start(ctx, env())
		r.start = time.Since(begin)
		if err != nil {
			return r, err
		}
		if err := i.Close(ctx); err != nil {
			return r, err
		}
		if err := runtime.Close(ctx); err != nil {
			return r, err
		}
	}
	return r, nil
}
