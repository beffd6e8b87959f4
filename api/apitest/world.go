package apitest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/store"
)

// World is a wheel of fakes around real sessions: airports, trimmed (which keeps two snapshots) and wheel (which
// clients may not write, and followers not hold up).
type World struct {
	Service *api.Service
	*Wheel

	Hub   *tap.Hub // of taps
	names map[string]api.Session
}

// New opens the sessions in st and builds the service; both end with the test.
func New(tb testing.TB, st store.Store) *World {
	tb.Helper()
	return Guarded(tb, st, api.Guard{})
}

// Guarded is [New] with a guard.
func Guarded(tb testing.TB, st store.Store, g api.Guard) *World {
	tb.Helper()
	w := &World{names: map[string]api.Session{}, Wheel: newWheel(), Hub: tap.New(tap.Limits{Open: TapsMost, Buffer: 1 << 20, Rate: 1000})}
	for name, keep := range map[string]int{"airports": 0, "trimmed": 2, "wheel": 0} {
		o := session.Options{Name: name, Store: st, Retain: session.Retain{Snapshots: keep}, Shards: 1, Writable: name != "wheel"}
		if name != "wheel" {
			o.Block = 100 * time.Millisecond
		}
		s, err := session.Open(context.Background(), o)
		if err != nil {
			tb.Fatal(err)
		}
		w.names[name] = s
	}
	w.Service = api.New(api.Backend{
		Sessions: w, Plugins: w.Wheel, Deliveries: w.Wheel, Lot: w.Wheel, Wheel: w.Wheel, Ingest: w.Wheel, Configs: w.Wheel, Guard: g, Taps: w.Hub,
		Events: w.Events,
	})
	tb.Cleanup(func() {
		w.Service.Close()
		for _, s := range w.names {
			if err := s.Close(context.Background()); err != nil {
				tb.Error(err)
			}
		}
		if err := st.Close(); err != nil {
			tb.Error(err)
		}
	})
	return w
}

// Names implements [api.Sessions].
func (w *World) Names() []string { return slices.Sorted(maps.Keys(w.names)) }

// Open implements [api.Sessions].
func (w *World) Open(name string) (api.Session, error) {
	s, ok := w.names[name]
	if !ok {
		return nil, api.Unknown("session", name, w.Names())
	}
	return s, nil
}

// Writable implements [api.Sessions].
func (w *World) Writable(name string) bool { return name != "wheel" }

// Add appends n snapshots {"n":…} to a session, numbered on from its last id, and returns the newest.
func (w *World) Add(tb testing.TB, name, key string, n int) pelton.Snapshot {
	tb.Helper()
	var last pelton.Snapshot
	if s, err := w.names[name].Get(context.Background(), key); err == nil {
		last = s
	}
	for range n {
		payload := fmt.Appendf(nil, `{"n":%d}`, last.ID+1)
		s, err := w.names[name].Append(context.Background(), key, payload, "", "")
		if err != nil {
			tb.Fatal(err)
		}
		last = s
	}
	return last
}

// Trim appends to a key of trimmed until at least two snapshots are gone, and returns the oldest that is left.
func (w *World) Trim(tb testing.TB, key string) (oldest, newest pelton.Cursor) {
	tb.Helper()
	for range 100 {
		last := w.Add(tb, "trimmed", key, 1)
		f, err := w.names["trimmed"].Follow(context.Background(), session.FollowRequest{Key: key, From: session.Beginning})
		if err != nil {
			tb.Fatal(err)
		}
		hello := f.Hello()
		f.Close()
		if hello.Oldest > 2 {
			return pelton.Cursor{Epoch: hello.Epoch, ID: hello.Oldest}, last.Cursor()
		}
	}
	tb.Fatal("retention removed nothing")
	return
}
