package watch_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each way to change a file is told, and what happens beside it is not.
func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "pelton.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	write("pelton.yaml", "1")
	seen := make(chan string, 100)
	stop, err := watch.File(path, func() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		seen <- string(text)
	}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for want, change := range map[string]func(){
		"written":  func() { write("pelton.yaml", "written") },
		"replaced": func() { write("new", "replaced"); rename("new", "pelton.yaml") },
		"moved":    func() { rename("pelton.yaml", "old"); write("pelton.yaml", "moved") },
		"steps":    func() { write("pelton.yaml", "st"); write("pelton.yaml", "steps") },
	} {
		write("other", want)
		change()
		for got := ""; got != want; {
			select {
			case got = <-seen:
				if got != want && !strings.HasPrefix(want, got) { // a slow machine may be told of half a write, too
					t.Fatalf("told of %q, want %q", got, want)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s: nothing was told", want)
			}
		}
	}
	if len(seen) > 0 {
		t.Errorf("told once more, of %q", <-seen)
	}
}

// A directory that is not there can't be watched.
func TestNowhere(t *testing.T) {
	t.Parallel()
	if _, err := watch.File(filepath.Join(t.TempDir(), "none", "pelton.yaml"), func() {}, func(error) {}); err == nil {
		t.Error("no error")
	}
}

// A signal and a change of the file both give a token; those that nobody took are one.
func TestReloads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pelton.yaml")
	tokens, stop, err := watch.Reloads(path, true, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, ask := range []func() error{
		func() error { return syscall.Kill(os.Getpid(), syscall.SIGHUP) },
		func() error { return os.WriteFile(path, []byte("1"), 0o600) },
	} {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-tokens:
		case <-time.After(time.Minute):
			t.Fatal("no token")
		}
	}
}
