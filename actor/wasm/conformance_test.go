package wasm_test

import (
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
	"github.com/peltonhq/pelton/actor/wasm"
)

func TestConformance(t *testing.T) {
	conform(t, engine(t), "testdata/", false)
}

// The same kit on the same guests as their compilers made them: the rewriter changes nothing that the kit can see.
func TestConformanceUnmetered(t *testing.T) {
	conform(t, wasm.Unmetered(engine(t)), "testdata/", true)
}

func conform(t *testing.T, r *wasm.Runtime, dir string, endless bool) {
	t.Helper()
	fresh := func(name string) func(testing.TB) actor.Module {
		return func(t testing.TB) actor.Module {
			t.Helper()
			m, err := r.Load(t.Context(), guest(t, dir+name))
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
	actortest.Run(t, actortest.Kit{Suite: fresh("suite"), Reducer: fresh("reducer"), Capable: fresh("capable"), Endless: endless})
}
