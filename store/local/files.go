package local

import (
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// files is the file system under Pebble, with two changes. With SyncOff the WAL's syncs do nothing: a commit still
// waits until its bytes are written, which Pebble's own unsynced commit does not, so it survives kill -9. And table
// files fail before the disk is full, compactions at half of the reserve, flushes at a quarter: Pebble tries those
// again later, while a WAL or manifest that meets a full disk is fatal.
type files struct {
	vfs.FS
	dir     string
	noSync  bool
	reserve int64
}

func (f *files) Unwrap() vfs.FS { return f.FS }

func (f *files) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, category)
	return f.wrap(name, file, category), err
}

func (f *files) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(oldname, newname, category)
	return f.wrap(newname, file, category), err
}

func (f *files) wrap(name string, file vfs.File, category vfs.DiskWriteCategory) vfs.File {
	switch {
	case file == nil:
		return nil
	case f.noSync && strings.HasSuffix(name, ".log"):
		return unsynced{file}
	case f.reserve == 0 || !strings.HasSuffix(name, ".sst") && !strings.HasSuffix(name, ".blob"):
		return file
	case category == "pebble-memtable-flush":
		return &table{File: file, fs: f, floor: f.reserve / 4}
	}
	return &table{File: file, fs: f, floor: f.reserve / 2}
}

// available looks up the free bytes of the file system; ok is false when nobody knows.
func (f *files) available() (free int64, ok bool) {
	usage, err := f.FS.GetDiskUsage(f.dir)
	if err != nil {
		return 0, false
	}
	return int64(min(usage.AvailBytes, 1<<62)), true
}

// unsynced is a WAL file of SyncOff.
type unsynced struct{ vfs.File }

func (unsynced) Sync() error                      { return nil }
func (unsynced) SyncData() error                  { return nil }
func (unsynced) SyncTo(int64) (bool, error)       { return false, nil }
func (u unsynced) Fd() uintptr                    { return vfs.InvalidFd } // no sync_file_range behind our back
func (u unsynced) Preallocate(int64, int64) error { return nil }

// table is a table file that stops short of a full disk.
type table struct {
	vfs.File
	fs        *files
	floor     int64
	unchecked int
}

const (
	tableCheck = 256 << 10             // bytes between looks at the free space
	tableDelay = 50 * time.Millisecond // Pebble tries a failed flush again at once
)

func (t *table) Write(p []byte) (int, error) {
	if t.unchecked -= len(p); t.unchecked <= 0 {
		t.unchecked = tableCheck
		if free, ok := t.fs.available(); ok && free < t.floor {
			time.Sleep(tableDelay)
			return 0, syscall.ENOSPC
		}
	}
	return t.File.Write(p)
}
