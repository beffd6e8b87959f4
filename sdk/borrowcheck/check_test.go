package borrowcheck_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/peltonhq/pelton/sdk/borrowcheck"
)

// The packages in testdata use the real packages of this module, and say in comments what must be reported where.
func TestAnalyzer(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	const data = "./sdk/borrowcheck/testdata/"
	analysistest.Run(reports{t}, root, borrowcheck.Analyzer, data+"escape", data+"fine", data+"mark", data+"missed")
}

// reports drops what analysistest says of facts: they are tested by the reports that need them.
type reports struct{ *testing.T }

// Errorf implements analysistest.Testing.
func (r reports) Errorf(format string, args ...any) {
	r.Helper()
	if s := fmt.Sprintf(format, args...); !strings.Contains(s, "unexpected fact: ") {
		r.Error(s)
	}
}
