package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/bench/measure"
)

// Every contestant that is here gives what the generator expects.
func TestContestants(t *testing.T) {
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	o := &measure.Options{Log: t.Output(), Dir: filepath.Join(dir, "pelton-bench"), Tree: "../.."}
	list, err := all(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	in, err := generate(t.TempDir(), 3000)
	if err != nil {
		t.Fatal(err)
	}
	if mean := float64(in.Bytes) / float64(in.Lines); mean < 280 || mean > 330 || in.Kept < 1400 || in.Kept > 1600 {
		t.Errorf("lines of %.0f bytes, %d of %d are kept", mean, in.Kept, in.Lines)
	}
	for _, who := range list {
		t.Run(who.name, func(t *testing.T) {
			if who.absent != "" {
				t.Log(who.absent) // the table says so too
				return
			}
			c, err := run(who, t.TempDir(), &in)
			if err != nil {
				t.Fatal(err)
			}
			if c.cpu <= 0 || who.pelton && c.peak <= 1<<20 { // a small one is over before anybody looks
				t.Errorf("it cost %+v", c)
			}
		})
	}
}

// A wrong output and a failed process are errors.
func TestWrong(t *testing.T) {
	in, err := generate(t.TempDir(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for want, program := range map[string][]string{"want": {"head", "-n", "40"}, "exit status 3": {"sh", "-c", "exit 3"}} {
		if _, err := exec.LookPath(program[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := run(filter("wrong", program[0], program[1:]...), t.TempDir(), &in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", program, err)
		}
	}
}

// The same seed makes the same lines.
func TestGenerate(t *testing.T) {
	a, err := generate(t.TempDir(), 50)
	if err != nil {
		t.Fatal(err)
	}
	b, err := generate(t.TempDir(), 50)
	if err != nil {
		t.Fatal(err)
	}
	if a.Want != b.Want || a.Bytes != b.Bytes {
		t.Errorf("%+v and %+v", a, b)
	}
	again, err := generate(filepath.Dir(a.Path), 50)
	if err != nil || again != a {
		t.Errorf("%+v, %v", again, err)
	}
}
