package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/peltonhq/pelton/store"
)

// OnNew says what to do with a file that has content and is unknown to the store.
type OnNew string

// The policies for unknown files; the zero value is Fail.
const (
	Fail     OnNew = "fail"     // refuse it, with ErrUnknown
	Append   OnNew = "append"   // keep what it has and write behind it
	Truncate OnNew = "truncate" // remove what it has
)

// Options of a [Sink]. Name, Path and Store are required.
type Options struct {
	Name   string // of the sink; what is committed is kept under it
	Path   string // a file in a directory that is there; a relative one is relative to the working directory
	OnNew  OnNew
	Store  store.Store // must outlive the sink
	Perm   fs.FileMode // of a file that is made, before umask; default 0o644
	Rotate Rotate

	wrap   func(disk) disk // tests put faults between the sink and the disk
	rename func(from, to string) error
	now    func() time.Time
}

// Classes of errors of [Open], for errors.Is. All of them are for the operator to solve.
var (
	// ErrUnknown: the file has content that the store does not know, and OnNew is Fail.
	ErrUnknown = errors.New("file has content that is not Pelton's")
	// ErrChanged: the file is not as it was left: somebody removed, shortened or changed it.
	ErrChanged = errors.New("file was changed by somebody else")
	// ErrShared: another sink writes the same file.
	ErrShared = errors.New("file belongs to another sink")
)

func (o *Options) complete() error {
	switch {
	case o.Name == "":
		return errors.New("sink: name is empty")
	case o.Path == "":
		return fmt.Errorf("sink %s: file.path is empty; give a file", o.Name)
	case o.Store == nil:
		return fmt.Errorf("sink %s: no store", o.Name)
	}
	switch o.OnNew {
	case "":
		o.OnNew = Fail
	case Fail, Append, Truncate:
	default:
		return fmt.Errorf("sink %s: file.on_new is %q; want %s, %s or %s", o.Name, o.OnNew, Append, Truncate, Fail)
	}
	if o.Perm == 0 {
		o.Perm = 0o644
	}
	if r := &o.Rotate; r.Size < 0 || r.Age < 0 || r.Keep < 0 || r.Keep > 0 && r.Size == 0 && r.Age == 0 {
		return fmt.Errorf("sink %s: file.rotate is %+v; want a size or an age, and nothing below zero", o.Name, *r)
	}
	if o.rename == nil {
		o.rename = os.Rename
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.wrap == nil {
		o.wrap = func(d disk) disk { return d }
	}
	return nil
}

// disk is what a sink does with its open file.
type disk interface {
	WriteAt(b []byte, offset int64) (int, error)
	ReadAt(b []byte, offset int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
	Close() error
}

var _ disk = (*os.File)(nil)
