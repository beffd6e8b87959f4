package actor_test

import (
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
)

// What must be declared can change while the plugin runs: a version is held against what is read when it comes.
func TestRequire(t *testing.T) {
	out := []pelton.Output{{Name: "out"}}
	p, err := actor.Open(t.Context(), actor.Options{Env: actor.Env{Plugin: "p"}, Health: actor.Health{Window: 1}}, actor.Version{Revision: 1, Module: &fake{outputs: out}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(t.Context())
	p.Require([]string{"more"})
	result, err := p.Swap(t.Context(), actor.Version{Revision: 2, Module: &fake{outputs: out}}, actor.Strategy{Kind: actor.Immediate})
	if err != nil || result.State != actor.StateRolledBack || !strings.Contains(result.Reason, `"more"`) {
		t.Errorf("%+v, %v", result, err)
	}
	p.Require(nil)
	if result, err = p.Swap(t.Context(), actor.Version{Revision: 3, Module: &fake{outputs: out}}, actor.Strategy{Kind: actor.Immediate}); err != nil || result.State != actor.StateLive {
		t.Errorf("%+v, %v", result, err)
	}
}
