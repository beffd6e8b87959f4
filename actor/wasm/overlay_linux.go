package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lay maps the file over memory of the same size, copy-on-write. It is not filled in advance: MAP_POPULATE would copy
// every page. PROT_READ alone would end the whole process when a guest writes.
func lay(over []byte, file int) error {
	return fixed(over, file, unix.MAP_PRIVATE|unix.MAP_NORESERVE)
}

// lift makes the memory what it was when it was reserved: zeroes.
func lift(over []byte) error {
	return fixed(over, -1, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
}

func fixed(over []byte, file, flags int) error {
	at := unsafe.Pointer(unsafe.SliceData(over)) //nolint:gosec // pages of a reservation of ours, in whole
	if _, err := unix.MmapPtr(file, 0, at, uintptr(len(over)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_FIXED|flags); err != nil {
		return fmt.Errorf("map %d bytes of the window: %w", len(over), err)
	}
	return nil
}

// drop gives up pages of the guest's own: what lies below is seen again, a file or zeroes.
func drop(b []byte) {
	_ = unix.Madvise(b, unix.MADV_DONTNEED) // whole pages of memory that is mapped: it has no way to fail
}

// faults counts the page faults of this thread.
func faults() uint64 {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &r) // asked of itself, it has no way to fail
	return uint64(r.Minflt) + uint64(r.Majflt)
}

// A page of the process in /proc/self/pagemap is 8 bytes; these are bits of it. A page of a file that was written to,
// mapped privately, is none of the file's any more.
const (
	pageEntry   = 8
	pageFile    = 1 << 61
	pageSwapped = 1 << 62
	pagePresent = 1 << 63
)

var pagemap = sync.OnceValues(func() (int, error) {
	return unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
})

// repair drops the pages of b, which is laid over, that were written to, and says how many they were. Without an answer
// of the system all are dropped, uncounted.
func repair(b, entries []byte) (found int) {
	file, err := pagemap()
	if err != nil {
		drop(b)
		return 0
	}
	first := int64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) / int64(page) * pageEntry //nolint:gosec // its number, not to be reached
	for at, total := 0, len(b)/page; at < total; {
		part := entries[:min(len(entries), (total-at)*pageEntry)]
		if n, err := unix.Pread(file, part, first+int64(at)*pageEntry); n != len(part) || err != nil {
			drop(b)
			return found
		}
		count := len(part) / pageEntry
		for i := 0; i < count; i++ {
			run := i
			for i < count && own(binary.NativeEndian.Uint64(part[i*pageEntry:])) {
				i++
			}
			if i > run {
				drop(b[(at+run)*page : (at+i)*page])
				found += i - run
			}
		}
		at += count
	}
	return found
}

// own reports whether a page of a layer is the guest's own.
func own(entry uint64) bool {
	return entry&(pagePresent|pageSwapped) != 0 && entry&pageFile == 0
}

// shows says why arenas can't be shown to guests; nil if they can. It tries all that is needed, since some systems that
// look like Linux lack a part of it.
var shows = sync.OnceValue(func() error {
	file, err := unix.MemfdCreate("pelton-try", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("no memfd: %w", err)
	}
	defer unix.Close(file) //nolint:errcheck // nothing was written that matters
	if err := unix.Ftruncate(file, int64(2*page)); err != nil {
		return fmt.Errorf("size a memfd: %w", err)
	}
	host, err := unix.Mmap(file, 0, 2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map a memfd: %w", err)
	}
	defer unix.Munmap(host) //nolint:errcheck // it was mapped
	guest := reserve(uint64(2 * page))
	if guest == nil {
		return errors.New("no address space")
	}
	defer unreserve(guest)
	if err := lay(guest, file); err != nil {
		return err
	}
	return try(host, guest)
})

// try writes to one of two pages that a guest is shown, and looks whether that is seen and repaired.
func try(host, guest []byte) error {
	entries := make([]byte, page)
	host[0], host[page] = 1, 1
	if guest[0]+guest[page] != 2 || repair(guest, entries) != 0 {
		return errors.New("a private mapping of a memfd does not show the memfd, or /proc/self/pagemap does not tell its pages")
	}
	runtime.LockOSThread()
	before := faults()
	guest[page] = 2
	after := faults()
	runtime.UnlockOSThread()
	host[page] = 3
	if after == before {
		return errors.New("page faults are not counted")
	}
	if found := repair(guest, entries); found != 1 || guest[page] != 3 || guest[0] != 1 {
		return fmt.Errorf("/proc/self/pagemap shows %d written pages of 1", found)
	}
	return nil
}
