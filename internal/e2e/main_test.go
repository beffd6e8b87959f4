package e2e

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// binary is the real program, built once.
var binary string

var seed = flag.Uint64("seed", 0, "where the random numbers come from; 0 takes a new one")

// patience bounds a test: it is for a hang, and no result depends on it.
const patience = 3 * time.Minute

// long is patience with a test that was asked to take long.
func long() time.Duration {
	if *million {
		return 10 * patience
	}
	return patience
}

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pelton-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "pelton")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/pelton").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// limited is a context that ends with the test, or when it hangs.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long())
	t.Cleanup(cancel)
	return ctx
}

// random is the test's random numbers. Their seed is printed.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("repeat with: go test ./internal/e2e -run '^%s$' -seed %d", t.Name(), s)
	return rand.New(rand.NewPCG(s, 0))
}

// example is the config of examples/flights in a directory of its own, with replacements: pairs of old and new text,
// each of which must be there. Else its paths lead to the example and it runs at full speed; its sink is in the directory.
func example(t *testing.T, replace ...string) string {
	t.Helper()
	const dir = "../../examples/flights"
	home, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, filepath.Join(dir, "pelton.yaml"))
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("the example's config has no %q", replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	text = strings.ReplaceAll(text, "      rate: 2000/s", "     ")
	for _, name := range []string{"flights.jsonl", "plugins/delays", "plugins/airports"} {
		text = strings.ReplaceAll(text, "path: "+name, "path: "+filepath.Join(home, name))
	}
	return write(t, filepath.Join(t.TempDir(), "pelton.yaml"), text)
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
