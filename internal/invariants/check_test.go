package invariants_test

import (
	"testing"

	"github.com/peltonhq/pelton/internal/invariants"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cond bool
		want any // the panic's value in a build with the tag
	}{
		{"holds", true, nil},
		{"broken", false, "invariant broken: A1: slot 7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := test.want
			if !invariants.Enabled {
				want = nil
			}
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic value %v, want %v (enabled: %v)", got, want, invariants.Enabled)
				}
			}()
			invariants.Check(test.cond, "A1: slot %d", 7)
		})
	}
}
