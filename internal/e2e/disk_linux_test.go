package e2e

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/peltonhq/pelton/api"
)

var small = flag.Bool("tmpfs", false, "fail where TestDisk can't mount a small disk of its own, instead of using the disk there is")

// disk is a wheel that leaves so much of its disk free.
const disk = `
store: {reserve: %dB}
sources:
  flights: {demo: {count: 5000, size: 1KiB, rate: 2500/s}, decode: {format: json, key: origin}}
sessions:
  all: {from: [flights]}
`

// TestDisk fills the disk under a wheel: it pauses and says why, still answers, and goes on when there is room (A2).
func TestDisk(t *testing.T) {
	t.Parallel()
	dir, reserve, left := smallDisk(t)
	w := start(t, write(t, filepath.Join(dir, "pelton.yaml"), fmt.Sprintf(disk, reserve)))
	r := reader{t: t, name: "all"}
	r.read(w, 500)
	fill(t, dir, left)
	s := w.until(func(s api.Stats) bool { return s.Sources[0].State == "paused" && s.Store.Full })
	for _, why := range []string{s.Sources[0].Reason, s.Store.Reason, w.get("/readyz", http.StatusServiceUnavailable)} {
		if !strings.Contains(why, "free, store.reserve is") || !strings.Contains(why, "free some space or lower it") {
			t.Errorf("the reason is %q", why)
		}
	}
	if left < reserve/2 { // nobody else's disk: to the last byte
		fill(t, dir, 0)
	}
	if s.Sources[0].Messages >= 5000 {
		t.Error("the disk was full when everything was done")
	}
	w.get("/livez", http.StatusOK)
	var heads []api.Head
	w.says(&heads, "session", "list", "all")
	if len(heads) == 0 {
		t.Error("no sessions to read")
	}
	empty(t, dir)
	if w.await("settled"); !slices.ContainsFunc(w.told, func(e event) bool { return e.Event == "paused" && strings.Contains(e.Reason, "store.reserve") }) ||
		!slices.ContainsFunc(w.told, func(e event) bool { return e.Event == "resumed" && e.Source == "flights" }) {
		t.Errorf("told: %+v", w.told)
	}
	if s = w.until(func(s api.Stats) bool { return s.Settled }); s.Sessions[0].Snapshots != 5000 || s.Store.Full || s.Lot.Dead != 0 {
		t.Errorf("settled: %+v, %+v", s.Sessions, s.Store)
	}
	r.read(w, 5000-len(r.seen))
	seen := map[int]bool{}
	for _, d := range r.seen {
		seen[seqOf(t, d.Bytes())] = true
	}
	if len(seen) != 5000 {
		t.Errorf("%d flights, want 5000", len(seen))
	}
	w.get("/readyz", http.StatusOK)
	w.stop()
}

// smallDisk is a directory on a disk of its own, how much of it a store shall leave free, and how much is to be left so
// that it is full. Where mounting is not allowed it is a directory of the disk there is, whose store leaves all but a
// little of what is free there.
func smallDisk(t *testing.T) (dir string, reserve, left int64) {
	t.Helper()
	dir = t.TempDir()
	err := syscall.Mount("pelton", dir, "tmpfs", 0, "size=64m")
	if err == nil {
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Errorf("unmount %s: %v", dir, err)
			}
		})
		return dir, 8 << 20, 3 << 20
	}
	if *small {
		t.Fatalf("can't mount a small disk at %s (%v): run as root, or without -tmpfs", dir, err)
	}
	t.Logf("can't mount a small disk (%v): using the one there is", err)
	const some = 512 << 20                    // for others that use the disk meanwhile
	reserve = (free(t, dir) - some) / 33 * 32 // a full store goes on only when there is a thirty-second part more
	return dir, reserve, reserve - some
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// fill takes space with a file that holds nothing, until only so much is left.
func fill(t *testing.T, dir string, left int64) {
	t.Helper()
	f, err := os.CreateTemp(dir, "ballast-")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		size := free(t, dir) - left
		if size <= 0 {
			return
		}
		switch err := syscall.Fallocate(int(f.Fd()), 0, 0, size); {
		case err == nil:
			return
		case !errors.Is(err, syscall.ENOSPC): // the wheel took some meanwhile: look again
			t.Fatalf("take %d bytes of %s: %v", size, dir, err)
		}
	}
}

// empty takes away what fill made.
func empty(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "ballast-*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("ballast: %v, %v", files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
}
