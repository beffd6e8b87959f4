package disk

import (
	"strings"
	"syscall"
	"time"
)

// Op is what is asked of a disk.
type Op int

// The operations that change something. Change is any of those that change names or lengths.
const (
	Write Op = iota
	Sync
	Change
)

// Fault decides how an operation on a path goes: 0 is well. It may take its time: only the process that asked waits.
type Fault func(op Op, path string) (wait time.Duration, errno syscall.Errno)

// Break makes operations fail as f says, until the next Break; nil makes the disk well.
func (d *Disk) Break(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Resize makes the disk so many bytes large; 0 means without end.
func (d *Disk) Resize(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.size = bytes
}

// Used is how many bytes are in use.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// Failing is a fault of one kind of operation, on paths that contain a word.
func Failing(op Op, word string, errno syscall.Errno) Fault {
	return func(o Op, path string) (time.Duration, syscall.Errno) {
		if o == op && strings.Contains(path, word) {
			return 0, errno
		}
		return 0, 0
	}
}

// ReadOnly is a file system that the kernel has made read-only.
func ReadOnly(op Op, _ string) (time.Duration, syscall.Errno) {
	if op == Sync {
		return 0, syscall.EIO
	}
	return 0, syscall.EROFS
}

// Slow is a disk whose syncs take so long.
func Slow(wait time.Duration) Fault {
	return func(op Op, _ string) (time.Duration, syscall.Errno) {
		if op == Sync {
			return wait, 0
		}
		return 0, 0
	}
}

// begin counts an operation, waits as its fault says, and takes the lock for it. Where it fails nothing is locked.
func (d *Disk) begin(op Op, path string) syscall.Errno {
	d.mu.Lock()
	if d.left > 0 {
		if d.left--; d.left == 0 {
			d.off()
		}
	}
	fault := d.fault
	if d.cut || fault == nil {
		return d.lit()
	}
	d.mu.Unlock()
	wait, errno := fault(op, path)
	if wait > 0 {
		time.Sleep(wait) // the fault: this is how long the disk takes
	}
	if errno != 0 {
		return errno
	}
	d.mu.Lock()
	return d.lit()
}

// lit gives the lock back, and EIO, where the power is away.
func (d *Disk) lit() syscall.Errno {
	if d.cut {
		d.mu.Unlock()
		return syscall.EIO
	}
	return 0
}
