package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/peltonhq/pelton/store"
)

// Open opens the file, or makes it, claims "sink/NAME" in the store, and cuts off what was never committed.
func Open(o Options) (*Sink, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("sink %s: %w", o.Name, err)
	}
	return s, nil
}

func open(o Options) (*Sink, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	o.Path = path
	f, err := openFile(&o)
	if err != nil {
		return nil, err
	}
	release, err := hold(f, o.Name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &Sink{o: o, key: stateKey(o.Name), file: o.wrap(f), release: release, answer: make(chan error, 1)}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openFile opens the file and makes it if it may be missing.
func openFile(o *Options) (*os.File, error) {
	info, err := os.Stat(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		was, known, err := load(o.Store, o.Name)
		if err != nil {
			return nil, err
		}
		if known && was.Path == o.Path && was.Length > 0 && (was.To == 0 || !o.aside(was, was.To)) {
			return nil, changed(o.Path, fmt.Sprintf("is gone, but %d bytes of it were written", was.Length))
		}
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file (%s); only those can be written exactly once", o.Path, info.Mode().Type())
	}
	f, err := os.OpenFile(o.Path, os.O_RDWR|os.O_CREATE, o.Perm)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; make the directory %s or choose another path", err, filepath.Dir(o.Path))
	}
	return f, err
}

func changed(path, how string) error {
	return fmt.Errorf("file %s %s; put it back as it was, give the sink another path, or start over with an empty store.dir: %w", path, how, ErrChanged)
}

// start claims the store and brings the file to what is committed.
func (s *Sink) start() error {
	token, err := s.o.Store.Claim(context.Background(), "sink/"+s.o.Name)
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	s.token = token
	// Read only now that nobody else can commit.
	was, known, err := load(s.o.Store, s.o.Name)
	if err != nil {
		return err
	}
	if s.info, err = s.file.Stat(); err != nil {
		return err
	}
	size := s.info.Size()
	moved := false
	if known && was.Path == s.o.Path {
		if was, moved, err = s.settle(was, size); err != nil {
			return err
		}
		s.turn = turn{number: was.Number, oldest: was.Oldest}
		if was.Born > 0 {
			s.turn.born = time.Unix(was.Born, 0)
		}
	}
	if moved { // what was begun is done now
		if err := s.append(context.Background(), []store.Record{{Op: store.Put, Key: s.key, Value: was.encode()}}); err != nil {
			return err
		}
		if err := s.prune(); err != nil {
			return err
		}
	}
	mine, why, err := s.recognize(was, known, size)
	switch {
	case err != nil:
		return err
	case mine:
		return s.resume(was, size)
	case why != "":
		if hint := s.rotated(was); hint != "" {
			why = hint
		}
		return changed(s.o.Path, why)
	case size == 0:
		return nil // nothing is committed before the first write: until then anybody may put something there
	}
	return s.adopt(size)
}

// recognize reports whether the file is the committed one; if not, why is the reason that it should be.
func (s *Sink) recognize(was state, known bool, size int64) (mine bool, why string, err error) {
	same := was.Path == s.o.Path
	switch {
	case !known || !same && was.Length == 0:
		return false, "", nil
	case size < was.Length:
		why = fmt.Sprintf("has %d bytes, but %d were written", size, was.Length)
	default:
		if s.tail, err = readTail(s.file, was.Length); err != nil {
			return false, "", err
		}
		if s.tail.sum() == was.Sum {
			return true, "", nil
		}
		s.tail = nil
		why = fmt.Sprintf("has other content than what was written, before byte %d", was.Length)
	}
	if !same {
		why = "" // the file of before was at another path, this one is new
	}
	return false, why, nil
}

// resume goes on behind what is committed; a longer tail never was (S2).
func (s *Sink) resume(was state, size int64) error {
	if size > was.Length {
		if err := s.file.Truncate(was.Length); err != nil {
			return err
		}
	}
	s.length, s.begun = was.Length, was.Path == s.o.Path
	return nil
}

// adopt follows OnNew with a file that has content.
func (s *Sink) adopt(size int64) error {
	switch s.o.OnNew {
	case Truncate:
		return s.file.Truncate(0)
	case Append:
		return s.keep(size)
	}
	return fmt.Errorf("file %s has %d bytes that the store does not know; set file.on_new to %s or %s, or choose another path: %w",
		s.o.Path, size, Append, Truncate, ErrUnknown)
}

// keep makes the content of an unknown file the committed part, ended by a newline.
func (s *Sink) keep(size int64) error {
	t, err := readTail(s.file, size)
	if err != nil {
		return err
	}
	if t[len(t)-1] != '\n' {
		if _, err := s.file.WriteAt([]byte{'\n'}, size); err != nil {
			return err
		}
		size, t = size+1, t.with([]byte{'\n'})
	}
	s.length, s.tail = size, t
	return s.begin(context.Background())
}

// begin commits that the file is the sink's, as long as it is, so that a tail after a crash is known to be its own.
func (s *Sink) begin(ctx context.Context) error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(s.o.Path)); err != nil {
		return err
	}
	if err := s.append(ctx, []store.Record{s.record(s.length, s.tail)}); err != nil {
		return err
	}
	s.begun = true
	return nil
}

// syncDir makes the entry of a new file durable. Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
