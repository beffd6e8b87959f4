package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/store"
)

func FuzzKey(f *testing.F) {
	f.Add("", []byte{}, uint64(0), "", []byte{}, uint64(0))
	f.Add("a", []byte{0}, uint64(1), "a\x00", []byte{0, 0xFF}, uint64(math.MaxUint64))
	f.Add("a\x00\x01", []byte{0, 1}, uint64(255), "a", []byte{1}, uint64(256))
	f.Add("\xff", []byte("\xff\xff"), uint64(1)<<63, "\xff\x00", []byte("\xff"), uint64(1)<<63-1)
	f.Fuzz(func(t *testing.T, s1 string, b1 []byte, n1 uint64, s2 string, b2 []byte, n2 uint64) {
		k1, k2 := store.Key(store.SpaceKV, s1, b1, n1), store.Key(store.SpaceKV, s2, b2, n2)
		order := strings.Compare(s1, s2)
		if order == 0 {
			order = bytes.Compare(b1, b2)
		}
		if order == 0 && n1 != n2 {
			order = 1
			if n1 < n2 {
				order = -1
			}
		}
		if got := bytes.Compare(k1, k2); got != order {
			t.Errorf("(%q %q %d) to (%q %q %d): keys compare %d; want %d", s1, b1, n1, s2, b2, n2, got, order)
		}
		rest, err := store.CutSpace(k1, store.SpaceKV)
		if err != nil {
			t.Fatal(err)
		}
		s, rest, err := store.CutString(rest)
		if err != nil || s != s1 {
			t.Fatalf("string %q came back as %q, %v", s1, s, err)
		}
		b, rest, err := store.CutBytes(rest)
		if err != nil || !bytes.Equal(b, b1) {
			t.Fatalf("bytes %q came back as %q, %v", b1, b, err)
		}
		n, rest, err := store.CutUint64(rest)
		if err != nil || n != n1 || len(rest) != 0 {
			t.Fatalf("number %d came back as %d with %d more bytes, %v", n1, n, len(rest), err)
		}
		// The keys below a prefix are exactly those in its range.
		prefix := store.Key(store.SpaceKV, s1)
		end := store.PrefixEnd(prefix)
		in := bytes.Compare(k2, prefix) >= 0 && bytes.Compare(k2, end) < 0
		if in != (s1 == s2) {
			t.Errorf("key of %q in the range of %q: %v", s2, s1, in)
		}
	})
}

func FuzzCut(f *testing.F) {
	for _, k := range [][]byte{nil, {0}, {0, 1}, {0, 2}, {0, 0xFF}, {0, 0xFF, 0}, []byte("a\x00\x01b\x00\x01"), []byte("1234567")} {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, k []byte) {
		before := bytes.Clone(k)
		if b, rest, err := store.CutBytes(k); err == nil {
			if again := append(store.AppendBytes(nil, b), rest...); !bytes.Equal(again, k) {
				t.Errorf("%x was read as %x, which is written as %x", k, b, again)
			}
		} else if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%x: %v; want ErrCorrupt", k, err)
		}
		if n, rest, err := store.CutUint64(k); err == nil {
			if again := append(store.AppendUint64(nil, n), rest...); !bytes.Equal(again, k) {
				t.Errorf("%x was read as %d, which is written as %x", k, n, again)
			}
		} else if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%x: %v; want ErrCorrupt", k, err)
		}
		if !bytes.Equal(before, k) {
			t.Errorf("reading changed %x to %x", before, k)
		}
	})
}

func TestPrefixEnd(t *testing.T) {
	for _, c := range []struct{ prefix, end string }{
		{"a", "b"}, {"a\xff", "b"}, {"a\xff\xff", "b"}, {"ab", "ac"}, {"", ""}, {"\xff", ""}, {"\xff\xff", ""}, {"a\x00", "a\x01"},
	} {
		got := store.PrefixEnd([]byte(c.prefix))
		if string(got) != c.end || (got == nil) != (c.end == "") {
			t.Errorf("PrefixEnd(%q) = %q; want %q", c.prefix, got, c.end)
		}
	}
}

func TestCutSpace(t *testing.T) {
	for _, k := range [][]byte{nil, {store.SpaceDead}} {
		if _, err := store.CutSpace(k, store.SpaceKV); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("CutSpace(%x): %v; want ErrCorrupt", k, err)
		}
	}
}

func TestKeyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a part of type int was taken")
		}
	}()
	store.Key(store.SpaceKV, 1)
}

func ExampleKey() {
	keys := [][]byte{
		store.Key(store.SpaceSnapshot, "airports", "ORD", uint64(10)),
		store.Key(store.SpaceSnapshot, "airports", "ORD", uint64(9)),
		store.Key(store.SpaceSnapshot, "airports", "OR", uint64(11)),
	}
	slices.SortFunc(keys, bytes.Compare)
	for _, k := range keys {
		rest, _ := store.CutSpace(k, store.SpaceSnapshot)
		name, rest, _ := store.CutString(rest)
		key, rest, _ := store.CutString(rest)
		id, _, _ := store.CutUint64(rest)
		fmt.Println(name, key, id)
	}
	// Output:
	// airports OR 11
	// airports ORD 9
	// airports ORD 10
}

func BenchmarkAppendKey(b *testing.B) {
	b.ReportAllocs()
	key := make([]byte, 0, 128)
	for b.Loop() {
		key = append(key[:0], store.SpaceSnapshot)
		key = store.AppendString(key, "airports")
		key = store.AppendString(key, "ORD")
		key = store.AppendUint64(key, 1764000000000000)
		key = store.AppendUint64(key, 42)
	}
}
