package wasm_test

import (
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/actortest"
)

func TestConformance(t *testing.T) {
	r := engine(t)
	fresh := func(dir string) func(testing.TB) actor.Module {
		return func(t testing.TB) actor.Module {
			t.Helper()
			m, err := r.Load(t.Context(), guest(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
	actortest.Run(t, actortest.Kit{Suite: fresh("testdata/suite"), Reducer: fresh("testdata/reducer"), Capable: fresh("testdata/capable")})
}
