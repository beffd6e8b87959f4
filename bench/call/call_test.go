package call

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/peltonhq/pelton/bench/measure"
)

// Every contestant that is here does the work: it tells odd sums from even ones, of the right bytes.
func TestContestants(t *testing.T) {
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	o := &measure.Options{Log: t.Output(), Dir: filepath.Join(dir, "pelton-bench"), Tree: "../.."}
	list, err := all(t.Context(), o)
	defer func() {
		for _, who := range list {
			if who.close != nil {
				if err := who.close(); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	first, last := even(1<<10), even(1<<10)
	first[63]++
	last[64]++
	for _, who := range list {
		if who.absent != "" {
			t.Logf("%s: %s", who.name, who.absent) // the tables say so too
			continue
		}
		for _, c := range []struct {
			op      int
			payload []byte
			odd     bool
		}{
			{noop, first, false}, {head, first, true}, {head, last, false}, {sum, first, true}, {sum, last, true}, {sum, even(1 << 20), false},
		} {
			if odd, err := who.with(c.payload)(c.op); err != nil || odd != c.odd {
				t.Errorf("%s, batch of %d: %s is %v, %v", who.name, who.batch, names[c.op], odd, err)
			}
		}
	}
}
