package loop_test

import (
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/loop"
	"github.com/peltonhq/pelton/store/memory"
)

// Places that move in a chain do so all at once, and one that is not there moves nothing.
func TestMoveCheckpoints(t *testing.T) {
	s := memory.New()
	defer s.Close()
	begin := func(lane, incarnation string) {
		t.Helper()
		if err := loop.BeginCheckpoint(t.Context(), s, pelton.LaneID{Source: "s", Lane: lane, Incarnation: incarnation}); err != nil {
			t.Fatal(err)
		}
	}
	begin("log", "a")
	begin("log.1", "b")
	names := map[string]string{"log.1": "log", "log.2": "log.1", "log.9": "log.8"}
	if err := loop.MoveCheckpoints(t.Context(), s, "s", names); err != nil {
		t.Fatal(err)
	}
	begin("log", "c")
	for lane, want := range map[string]string{"log": "c", "log.1": "a", "log.2": "b", "log.9": ""} {
		if at, err := loop.LoadCheckpoint(s, "s", lane); err != nil || at.Incarnation != want || at.Position != 0 {
			t.Errorf("%s: %+v, %v; want %q", lane, at, err, want)
		}
	}
	if err := loop.MoveCheckpoints(t.Context(), s, "s", map[string]string{"log.9": "log.8"}); err != nil {
		t.Error(err)
	}
}
