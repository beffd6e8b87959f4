package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// A writer that goes on writing to the file that it has open, while another one has the name already, loses nothing.
func TestRotateWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "log")
		write(t, path, []byte("one\n"))
		out, done := follow(t, open1(t, Options{Path: path, Follow: true, RotateWait: time.Minute}), 0, decode.Config{})
		look()
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte("new\n"))
		for _, late := range []string{"two\n", "three\nfo", "ur\n"} {
			time.Sleep(50 * time.Second)
			grow(t, path+".1", late)
		}
		select {
		case err := <-done:
			t.Fatalf("the read ended (%v) while lines came", err)
		default:
		}
		if err := <-done; !errors.Is(err, source.ErrRenewed) {
			t.Fatal(err)
		}
		if want := []string{"one", "two", "three", "four"}; !slices.Equal(out.got, want) {
			t.Errorf("got %q, want %q", out.got, want)
		}
	})
}

// A file that was rewritten in its size between two looks is noticed by its time.
func TestRewrittenInItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "log")
		write(t, path, []byte("one\n"))
		_, done := follow(t, open1(t, Options{Path: path, Follow: true}), 0, decode.Config{})
		look()
		write(t, path, []byte("two\n"))
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(path, later, later); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, source.ErrRenewed) {
			t.Error(err)
		}
	})
}

// TestEarlier: what a rotation left beside the name is found by its first line, and read from where reading stopped.
func TestEarlier(t *testing.T) {
	for name, c := range map[string]struct {
		beside string // name of the rotated file
		text   string
		found  bool
	}{
		"number":      {"app.log.1", "one\ntwo\nthree\n", true},
		"date":        {"app.log-20260401", "one\ntwo\nthree\n", true},
		"date before": {"app-20260401.log", "one\ntwo\nthree\n", true},
		"no more":     {"app.log.1", "one\n", false},
		"other line":  {"app.log.1", "uno\ndue\ntre\n", false},
		"other name":  {"web.log", "one\ntwo\nthree\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "app.log")
				write(t, path, []byte("one\n"))
				before := open1(t, Options{Path: path, Follow: true}).ID()
				write(t, path, []byte("new\n"))
				write(t, filepath.Join(dir, c.beside), []byte(c.text))
				l := open1(t, Options{Path: path, Follow: true})
				earlier := l.Earlier(before.Incarnation+"~2", 4)
				if (earlier != nil) != c.found {
					t.Fatalf("found %v", earlier)
				}
				if !c.found {
					return
				}
				if id := earlier.ID(); id != before || !earlier.Endless() {
					t.Errorf("it is %s, was %s", id, before)
				}
				out, done := follow(t, earlier.(*lane), 4, decode.Config{})
				if err := <-done; !errors.Is(err, source.ErrRenewed) || !slices.Equal(out.got, []string{"two", "three"}) {
					t.Errorf("got %q, %v", out.got, err)
				}
			})
		})
	}
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, []byte("one\n"))
	for _, l := range []*lane{open1(t, Options{Path: path}), open1(t, Options{Path: path, Follow: true})} {
		if l.Earlier(l.id.Incarnation, 4) != nil || l.Earlier(strings.Repeat("0", 16), 4) != nil {
			t.Error("found what is not there")
		}
	}
}
