package fields

import (
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/bench/pipeline"
)

// All plugins read the right numbers, however they are found.
func TestContestants(t *testing.T) {
	lines := pipeline.Lines(100)
	for _, who := range contestants {
		if _, n, err := run(who, lines, 3, 10*time.Millisecond); err != nil || n == 0 {
			t.Errorf("%s: %d messages, %v", who.name, n, err)
		}
	}
	wrong := contestants[0]
	wrong.read = func(_ *native.Message, t *tally) { t.add(1, 2, 3) }
	if _, _, err := run(wrong, lines, 1, 10*time.Millisecond); err == nil || !strings.Contains(err.Error(), "want") {
		t.Errorf("a plugin that reads nothing: %v", err)
	}
}
