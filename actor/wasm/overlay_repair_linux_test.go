package wasm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// layered is a file as its owner maps it, and as a guest is shown it.
func layered(t testing.TB, n int) (host, guest []byte) {
	t.Helper()
	if err := shows(); err != nil {
		t.Fatal(err)
	}
	file, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Ftruncate(file, int64(n*page)); err != nil {
		t.Fatal(err)
	}
	if host, err = unix.Mmap(file, 0, n*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
	guest = reserve(uint64(n * page))
	if err := lay(guest, file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unreserve(guest)
		for _, err := range []error{unix.Munmap(host), unix.Close(file)} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return host, guest
}

// Whatever pages a guest wrote are found, counted and dropped, and no others; the guest may have read any.
func TestRepair(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	const n = 3000 // needs several reads of entries
	host, guest := layered(t, n)
	entries := make([]byte, page)
	for round := range 50 {
		written := map[int]bool{}
		for range r.IntN(200) {
			first := r.IntN(n)
			for i := first; i < min(n, first+1+r.IntN(20)); i++ {
				written[i] = true
				guest[i*page+r.IntN(page)] = byte(r.Uint32())
			}
		}
		for range 500 {
			_ = guest[r.IntN(len(guest))]
		}
		for i := range n {
			host[i*page+r.IntN(page)] = byte(round)
		}
		if found := repair(guest, entries); found != len(written) {
			t.Fatalf("round %d: %d pages were found, %d were written", round, found, len(written))
		}
		if string(host) != string(guest) {
			t.Fatalf("round %d: the guest is shown something else than the host has", round)
		}
	}
	if repair(guest, entries) != 0 {
		t.Error("pages that were only read were found")
	}
}

// What a look costs: at the pages of one payload, and at an arena of 64 MiB of which a part was touched.
func BenchmarkRepair(b *testing.B) {
	host, guest := layered(b, 64<<20/page)
	entries := make([]byte, page)
	touched := 0
	touch := func(bytes int) {
		for ; touched < bytes; touched += page {
			host[touched] = 1
			_ = guest[touched]
		}
	}
	for _, bytes := range []int{16 << 10, 64 << 10, 1 << 20} {
		touch(bytes)
		b.Run(fmt.Sprintf("payload=%d", bytes), func(b *testing.B) {
			for b.Loop() {
				repair(guest[:bytes], entries)
			}
		})
	}
	for _, bytes := range []int{1 << 20, 8 << 20, 64 << 20} {
		touch(bytes)
		b.Run(fmt.Sprintf("arena/touched=%d", bytes), func(b *testing.B) {
			for b.Loop() {
				repair(guest, entries)
			}
		})
	}
	b.Run("faults", func(b *testing.B) {
		for b.Loop() {
			faults()
		}
	})
}
