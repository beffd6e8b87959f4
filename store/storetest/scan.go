package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/peltonhq/pelton/store"
)

func testScan(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	const n = 2500 // more than any chunk
	var records []store.Record
	for i := range uint64(n) {
		records = append(records, put(key("in", i), fmt.Sprint(i)))
	}
	add(t, s, token, records...)
	add(t, s, token, put(key("im"), "before"), put(key("io"), "after"))
	prefix := key("in")
	end := store.PrefixEnd(prefix)
	for _, c := range []struct {
		name       string
		start, end []byte
		o          store.ScanOptions
		first, n   int
		step       int
	}{
		{"all", prefix, end, store.ScanOptions{}, 0, n, 1},
		{"limit", prefix, end, store.ScanOptions{Limit: 7}, 0, 7, 1},
		{"limit over a chunk", prefix, end, store.ScanOptions{Limit: 1777}, 0, 1777, 1},
		{"limit above", prefix, end, store.ScanOptions{Limit: n + 5}, 0, n, 1},
		{"half open", key("in", uint64(10)), key("in", uint64(20)), store.ScanOptions{}, 10, 10, 1},
		{"reverse", prefix, end, store.ScanOptions{Reverse: true}, n - 1, n, -1},
		{"reverse limit", prefix, end, store.ScanOptions{Reverse: true, Limit: 600}, n - 1, 600, -1},
		{"reverse half open", key("in", uint64(10)), key("in", uint64(20)), store.ScanOptions{Reverse: true}, 19, 10, -1},
		{"empty", key("in", uint64(5)), key("in", uint64(5)), store.ScanOptions{}, 0, 0, 1},
		{"reversed range", key("in", uint64(6)), key("in", uint64(5)), store.ScanOptions{}, 0, 0, 1},
	} {
		entries := all(t, s, c.start, c.end, c.o)
		if len(entries) != c.n {
			t.Errorf("%s: %d entries; want %d", c.name, len(entries), c.n)
			continue
		}
		for j, e := range entries {
			i := c.first + j*c.step
			if !bytes.Equal(e.Key, key("in", uint64(i))) || string(e.Value) != fmt.Sprint(i) {
				t.Fatalf("%s: entry %d is %x = %q; want %d", c.name, j, e.Key, e.Value, i)
			}
		}
	}
	if got := len(all(t, s, nil, nil, store.ScanOptions{})); got != n+2 {
		t.Errorf("scan of everything: %d entries; want %d", got, n+2)
	}
	for range s.Scan(nil, nil, store.ScanOptions{}) {
		break // a loop may stop early
	}
}

// testScanWhileWriting: all entries of a scan are of one instant, even when its body writes.
func testScanWhileWriting(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	const n = 1200
	var records []store.Record
	for i := range uint64(n) {
		records = append(records, put(key(i), "old"))
	}
	add(t, s, token, records...)
	seen := 0
	for e, err := range s.Scan(nil, nil, store.ScanOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen%100 == 0 {
			for i := range records {
				records[i] = put(key(uint64(i)), "new")
			}
			add(t, s, token, records...)
			add(t, s, token, put(key(uint64(n+seen)), "more"))
		}
		if string(e.Value) != "old" {
			t.Fatalf("entry %d is %q; want old", seen, e.Value)
		}
		seen++
	}
	if seen != n {
		t.Errorf("%d entries; want %d", seen, n)
	}
}

func testDeleteRange(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	var records []store.Record
	for i := range uint64(100) {
		records = append(records, put(key(i), "x"))
	}
	add(t, s, token, records...)
	add(t, s, token, store.Record{Op: store.DeleteRange, Key: key(uint64(10)), End: key(uint64(90))})
	want(t, s, key(uint64(9)), "x")
	wantNone(t, s, key(uint64(10)))
	wantNone(t, s, key(uint64(89)))
	want(t, s, key(uint64(90)), "x")
	add(t, s, token, put(key(uint64(50)), "again"))
	if got := all(t, s, nil, nil, store.ScanOptions{}); len(got) != 21 {
		t.Errorf("%d entries after the delete; want 21", len(got))
	}
	add(t, s, token, store.Record{Op: store.DeleteRange, Key: key(), End: store.PrefixEnd(key())})
	if got := all(t, s, nil, nil, store.ScanOptions{}); len(got) != 0 {
		t.Errorf("%d entries after deleting all; want none", len(got))
	}
}
