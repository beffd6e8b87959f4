// Package disk is a disk in memory whose power can be cut: it keeps what was written apart from what was synced, and
// forgets the former at a cut. It is mounted by FUSE, so that a real process can live on it, and it can be made to fail,
// to fill up and to be slow.
//
//	process ─▶ kernel ─▶ mount.go ─▶ Disk: now ──fsync──▶ safe
//	                                         ▲             │
//	                                         └── Restore ◀─┘ (after Cut)
//
// # Usage
//
//	d := disk.New()
//	m, err := disk.Mount(d, dir)
//	…                                  // a process writes below dir
//	d.Cut()                            // from here on nothing becomes durable, and everything is EIO
//	…                                  // kill the process
//	err = m.Close()
//	d.Restore(disk.Forget, nil)        // what a machine finds after the power is back
//
// # Ordering
//
// A file's content is safe after fsync of the file; its name after fsync of its directory, as POSIX has it and no more: a
// new file that was synced, in a directory that was not, is gone. Forget loses all that is not safe; Tear keeps, page by
// page, a part of it at random, as a disk may that was in the midst of writing back.
//
// A failed fsync is as on Linux: what it should have written counts as clean, and no later fsync writes it.
//
// # Ownership
//
// All methods may be called from any goroutine; one lock guards the whole tree. The process that serves the mount must
// not use it by its path: it would wait for itself.
package disk
