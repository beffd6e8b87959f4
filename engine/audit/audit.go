package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/peltonhq/pelton/api"
)

// Names of the files.
const (
	File = "audit.jsonl"
	Old  = "audit.old.jsonl"
)

// browsable is how many entries are kept in memory for [Log.Entries]; the files have more.
const browsable = 10_000

// Options of a log.
type Options struct {
	Dir      string
	MaxBytes int64           // of the file, before a new one begins
	Told     func(api.Entry) // nil if nobody asks; must not call the log
	Failed   func(error)     // an entry could not be written
}

// Log is the audit log of one wheel.
type Log struct {
	o Options

	mu   sync.Mutex
	file *os.File
	size int64
	last uint64
	ring []api.Entry // the newest last
}

// Open reads what is there and goes on behind it.
func Open(o Options) (*Log, error) {
	l := &Log{o: o}
	for _, name := range []string{Old, File} {
		if err := l.read(filepath.Join(o.Dir, name)); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
	}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) open() error {
	f, err := os.OpenFile(filepath.Join(l.o.Dir, File), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(fmt.Errorf("audit log: %w", err), f.Close())
	}
	l.file, l.size = f, end
	last := make([]byte, 1)
	if end == 0 {
		return nil
	}
	if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' { // a crash cut the last line short
		return l.write([]byte("\n"))
	}
	return nil
}

// read takes the entries of a file into memory; a line that is none is left out.
func (l *Log) read(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it is only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e api.Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.ID > l.last {
			l.keep(e)
		}
	}
	return lines.Err()
}

func (l *Log) keep(e api.Entry) {
	l.last = e.ID
	if l.ring = append(l.ring, e); len(l.ring) >= 2*browsable {
		l.ring = append([]api.Entry(nil), l.ring[browsable:]...)
	}
}

// Record implements [api.Log].
func (l *Log) Record(e api.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.ID = l.last + 1
	l.keep(e)
	line, err := json.Marshal(e)
	if err == nil {
		err = l.append(append(line, '\n'))
	}
	if err != nil && l.o.Failed != nil {
		l.o.Failed(fmt.Errorf("audit log: entry %d (%s by %s) is not on the disk: %w", e.ID, e.Act, e.Who, err))
	}
	if l.o.Told != nil {
		l.o.Told(e)
	}
}

func (l *Log) append(line []byte) error {
	if l.file == nil {
		return os.ErrClosed
	}
	if l.size > 0 && l.size+int64(len(line)) > l.o.MaxBytes {
		if err := l.rotate(); err != nil {
			return err
		}
	}
	return l.write(line)
}

func (l *Log) write(line []byte) error {
	n, err := l.file.Write(line)
	l.size += int64(n)
	if err != nil {
		return err
	}
	return l.file.Sync()
}

// rotate puts the file aside. Renames are atomic: at any time each entry stands in one of the two.
func (l *Log) rotate() error {
	if err := os.Rename(filepath.Join(l.o.Dir, File), filepath.Join(l.o.Dir, Old)); err != nil {
		return err
	}
	err := l.file.Close()
	return errors.Join(err, l.open())
}

// Entries implements [api.Log].
func (l *Log) Entries(before uint64, limit int) (page []api.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.ring) - 1; i >= 0 && len(page) < limit; i-- {
		if before == 0 || l.ring[i].ID < before {
			page = append(page, l.ring[i])
		}
	}
	return page
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
