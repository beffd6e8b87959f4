package wasm_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/handover"
	"github.com/peltonhq/pelton/actor/wasm"
)

func TestConformance(t *testing.T) { conform(t, "testdata", copied) }

// way is how the instances of a module get their payloads.
type way func(t testing.TB, m actor.Module) actor.Module

func copied(_ testing.TB, m actor.Module) actor.Module { return m }

// conform runs the kit on the guests in a directory, as their compilers made them and rewritten. What each test of the kit
// was told must be the same: the rewriter changes nothing that a plugin, or who runs it, can see.
func conform(t *testing.T, dir string, how way) {
	t.Helper()
	before, after := transcript{}, transcript{}
	t.Run("original", func(t *testing.T) { kit(t, unmetered(t), dir, how, &before) })
	t.Run("metered", func(t *testing.T) { kit(t, engine(t), dir, how, &after) })
	before.compare(t, &after)
}

func kit(t *testing.T, r *wasm.Runtime, dir string, how way, told *transcript) {
	t.Helper()
	all := t.Name() + "/"
	fresh := func(name string) func(testing.TB) actor.Module {
		m, err := r.Load(t.Context(), guest(t, filepath.Join(dir, name)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := m.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return func(t testing.TB) actor.Module { return noted{how(t, m), told, strings.TrimPrefix(t.Name(), all)} }
	}
	actortest.Run(t, actortest.Kit{Suite: fresh("suite"), Reducer: fresh("reducer"), Capable: fresh("capable")})
}

// unmetered is a runtime of guests as they are; it ends with the test.
func unmetered(t testing.TB) *wasm.Runtime {
	t.Helper()
	r, err := wasm.Unmetered(t.Context(), wasm.Options{CacheDir: filepath.Join(cache(t), "wazero")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// transcript is what came of each turn and fold, by test of the kit: a set, since the order of some is up to chance.
type transcript struct {
	mu    sync.Mutex
	lines map[string]map[string]bool
}

func (s *transcript) note(test, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lines == nil {
		s.lines = map[string]map[string]bool{}
	}
	if s.lines[test] == nil {
		s.lines[test] = map[string]bool{}
	}
	s.lines[test][line] = true
}

func (s *transcript) compare(t *testing.T, other *transcript) {
	t.Helper()
	count := 0
	for _, test := range slices.Sorted(maps.Keys(s.lines)) {
		count += len(s.lines[test])
		for one, another := range map[*transcript]*transcript{s: other, other: s} {
			for line := range one.lines[test] {
				if !another.lines[test][line] {
					t.Errorf("%s, original %t, and not the other: %s", test, one == s, line)
				}
			}
		}
	}
	if len(s.lines) != len(other.lines) || count < 100 {
		t.Errorf("%d and %d tests ran guests, with %d outcomes of the first", len(s.lines), len(other.lines), count)
	}
}

// noted is a module whose instances note what came of their turns and folds. It is loaded once for all tests of a kit, since that
// takes longer than most of them.
type noted struct {
	actor.Module

	told *transcript
	test string
}

func (noted) Close(context.Context) error { return nil }

func (m noted) Start(ctx context.Context, env actor.Env) (actor.Instance, error) {
	n, err := m.Module.Start(ctx, env)
	if err != nil {
		if ctx.Err() == nil { // else the test was over before it
			m.told.note(m.test, "start: "+err.Error())
		}
		return nil, err
	}
	return notedInstance{n, n.(handover.Keeper), m}, nil
}

type notedInstance struct {
	actor.Instance
	handover.Keeper

	of noted
}

func (n notedInstance) Handle(ctx context.Context, t *actor.Turn) error {
	err := n.Instance.Handle(ctx, t)
	if n.of.test == "Close" {
		return err // how many it handles before it is closed is up to chance
	}
	var line strings.Builder
	for i := range t.Deliveries {
		fmt.Fprintf(&line, "%.40q after %d, ", t.Deliveries[i].View.Payload(), t.Deliveries[i].After)
	}
	if err != nil {
		fmt.Fprintf(&line, "failed: %v", err)
	} else {
		for i := range t.Outcomes {
			v := t.Outcomes[i].Verdict // but for Until, which is a time of day
			fmt.Fprintf(&line, "\n\t%v %v %t %q", v.Decision, v.After, v.Pass, v.Reason)
		}
		fmt.Fprintf(&line, "\n\t%+v %+v %+v %+v", t.Emits, t.Settlements, t.Changes, t.Requests)
	}
	n.of.told.note(n.of.test, line.String())
	return err
}

func (n notedInstance) Reduce(ctx context.Context, folds []actor.Call) error {
	err := n.Instance.Reduce(ctx, folds)
	var line strings.Builder
	fmt.Fprintf(&line, "folds: %v", err)
	for i := range folds {
		fmt.Fprintf(&line, "\n\t%.40q %.40q", folds[i].State, folds[i].Emit)
		if err == nil {
			fmt.Fprintf(&line, ": %.40q %v", folds[i].Next, folds[i].Err)
		}
	}
	n.of.told.note(n.of.test, line.String())
	return err
}

func (n notedInstance) Save(ctx context.Context, limit int64) (*handover.State, error) {
	s, err := n.Keeper.Save(ctx, limit)
	if err != nil {
		n.of.told.note(n.of.test, "save: "+err.Error())
	} else if s != nil {
		n.of.told.note(n.of.test, fmt.Sprintf("saved version %d: %.20q of %d bytes", s.Version, s.Bytes, len(s.Bytes)))
	}
	return s, err
}

func (n notedInstance) Load(ctx context.Context, s *handover.State) error {
	err := n.Keeper.Load(ctx, s)
	n.of.told.note(n.of.test, fmt.Sprintf("load: %v", err))
	return err
}
