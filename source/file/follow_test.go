package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/arena"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
)

// collector is an Out that copies and releases; the test reads it while the bubble is idle.
type collector struct {
	arena *arena.Arena
	got   []string
}

func (c *collector) Frame(_ context.Context, f decode.Frame) error {
	if f.Bad != nil {
		c.got = append(c.got, "bad")
		return nil
	}
	v, err := c.arena.View(f.Ref)
	if err != nil {
		return err
	}
	c.got = append(c.got, string(v.Payload()))
	return c.arena.Release(f.Ref)
}

func (c *collector) Flush(ctx context.Context) error { return ctx.Err() }

// follow reads l from a position in a goroutine. It ends with the test.
func follow(t *testing.T, l *lane, from uint64, config decode.Config) (*collector, <-chan error) {
	t.Helper()
	a, err := arena.New(arena.Options{Name: "test", Size: 4 << 20, MaxMessage: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	space, err := a.Lane("f")
	if err != nil {
		t.Fatal(err)
	}
	out := &collector{arena: a}
	id := l.ID()
	config.MaxMessage = 1<<20 - decode.Spare
	d, err := decode.New(config, space, &id, out, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- l.Read(ctx, from, d)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return out, done
}

func grow(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// look lets the bubble's time pass until the file was looked at.
func look() {
	time.Sleep(2 * poll)
	synctest.Wait()
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "log")
		write(t, path, []byte("a,b\n1,2\n"))
		out, done := follow(t, open1(t, Options{Path: path, Follow: true}), 0, decode.Config{Format: decode.CSV, Key: "b"})
		for _, step := range []struct {
			add  string
			want []string
		}{
			{"", []string{"1,2"}},
			{"3,", []string{"1,2"}},
			{"", []string{"1,2"}},
			{"4\n5,6\n7", []string{"1,2", "3,4", "5,6"}},
			{",8\r\n", []string{"1,2", "3,4", "5,6", "7,8"}},
		} {
			grow(t, path, step.add)
			look()
			if !slices.Equal(out.got, step.want) {
				t.Fatalf("after %q: got %q, want %q", step.add, out.got, step.want)
			}
		}
		select {
		case err := <-done:
			t.Fatalf("the read ended: %v", err)
		default:
		}
	})
}

func TestFollowEndsWhenTheContentIsReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		replace func(t *testing.T, path string)
		want    []string
	}{
		"truncated":  {func(t *testing.T, path string) { write(t, path, []byte("one\n")) }, []string{"one", "two"}},
		"rewritten":  {func(t *testing.T, path string) { write(t, path, []byte("uno\ndue\ntre\nquattro\n")) }, []string{"one", "two"}},
		"emptied":    {func(t *testing.T, path string) { write(t, path, nil) }, []string{"one", "two"}},
		"rotated":    {rotate, []string{"one", "two", "three", "last"}},
		"other file": {func(t *testing.T, path string) { rename(t, path, "one\ntwo\nthree\nfour\n") }, []string{"one", "two", "thr"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "log")
				write(t, path, []byte("one\ntwo\nthr"))
				out, done := follow(t, open1(t, Options{Path: path, Follow: true}), 0, decode.Config{})
				look()
				c.replace(t, path)
				if err := <-done; !errors.Is(err, source.ErrRenewed) {
					t.Fatalf("got %v, want source.ErrRenewed", err)
				}
				if !slices.Equal(out.got, c.want) {
					t.Errorf("got %q, want %q", out.got, c.want)
				}
			})
		})
	}
}

// rotate moves the file away, goes on writing to it, and only later puts a new one in its place.
func rotate(t *testing.T, path string) {
	t.Helper()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	look()
	grow(t, path+".1", "ee\nlast")
	look()
	write(t, path, []byte("new\n"))
}

func rename(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+".new", []byte(text))
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// A file whose first line has no end yet has no name yet: nothing is read of it before the lane is opened again.
func TestFollowFromNothing(t *testing.T) {
	for _, begin := range []string{"", "on"} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			write(t, path, []byte(begin))
			l := open1(t, Options{Path: path, Follow: true})
			out, done := follow(t, l, 0, decode.Config{})
			look()
			grow(t, path, "e\ntwo\n")
			if err := <-done; !errors.Is(err, source.ErrRenewed) || len(out.got) > 0 {
				t.Fatalf("got %v and %q", err, out.got)
			}
			again := open1(t, Options{Path: path, Follow: true})
			if l.ID().Incarnation != "empty" || again.ID().Incarnation == "empty" {
				t.Errorf("%s, then %s", l.ID(), again.ID())
			}
		})
	}
}

func TestEmptyFileEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, nil)
	l := open1(t, Options{Path: path})
	out, done := follow(t, l, 0, decode.Config{})
	if err := <-done; err != nil || len(out.got) != 0 || l.Endless() || l.ID().Incarnation != "empty" {
		t.Errorf("got %v, %q, %s", err, out.got, l.ID())
	}
}

func TestReadErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	packed := pack(t, slices.Repeat([]byte("one line of many\n"), 1000))
	for name, c := range map[string]struct {
		first, then []byte
		from        uint64
		config      decode.Config
		is          error
		want        string
	}{
		"shorter":           {[]byte("one\n"), []byte("one\n"), 5, decode.Config{}, source.ErrRenewed, "shorter than position 5"},
		"another":           {[]byte("one\n"), []byte("two\n"), 0, decode.Config{}, source.ErrRenewed, "another first line"},
		"gzip, cut off":     {packed, packed[:len(packed)-9], 0, decode.Config{}, nil, "damaged gzip"},
		"gzip, cut, resume": {packed, packed[:len(packed)-9], 17000, decode.Config{}, nil, "damaged gzip"},
		"csv header":        {[]byte("a,b\n1,2\n"), []byte("a,b\n1,2\n"), 4, decode.Config{Format: decode.CSV, Key: "c"}, decode.ErrHeader, `no column "c"`},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, path, c.first)
			l := open1(t, Options{Path: path})
			write(t, path, c.then)
			_, done := follow(t, l, c.from, c.config)
			err := <-done
			if err == nil || !contains(err, c.want, path) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v", err)
			}
		})
	}
	write(t, path, []byte("x"))
	l := open1(t, Options{Path: path})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, done := follow(t, l, 0, decode.Config{})
	if err := <-done; !errors.Is(err, os.ErrNotExist) {
		t.Errorf("removed: got %v", err)
	}
}
