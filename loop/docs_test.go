package loop_test

import (
	"os"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/loop"
)

// docs/metrics.md says what each reason to wait means.
func TestWaitsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") && !strings.Contains(line, "pelton_") {
			rows++
		}
	}
	for _, wait := range loop.Waits() {
		if !strings.Contains(string(text), "\n| `"+wait+"` |") {
			t.Errorf("docs/metrics.md has no row for the reason %s", wait)
		}
	}
	if rows != len(loop.Waits()) {
		t.Errorf("docs/metrics.md has %d reasons, there are %d", rows, len(loop.Waits()))
	}
}
