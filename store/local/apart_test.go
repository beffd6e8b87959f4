package local

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/peltonhq/pelton/store"
)

// A plugin's code is megabytes, among records of some hundred bytes. A look for a key before it that is not there must not
// read it, as it would if it lay beside the keys: the cache could not keep it, nor anything else.
func TestLargeValuesLieApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	token := claim(t, s)
	code := random(3 << 20)
	records := []store.Record{put(key("a"), []byte("small")), put(key("z"), code)}
	if _, err := s.Append(context.Background(), token, records); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(100) {
		if _, err := s.Get(key("m", n)); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		for range s.Scan(key("m", n), key("n"), store.ScanOptions{}) {
			t.Fatal("there is nothing")
		}
	}
	if m := s.db.Metrics(); m.BlobFiles.LiveCount == 0 || m.BlockCache.Size > 1<<20 {
		t.Errorf("%d files of large values, %d bytes in the cache", m.BlobFiles.LiveCount, m.BlockCache.Size)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir})
	t.Cleanup(func() { _ = s.Close() })
	if got, err := s.Get(key("z")); err != nil || !bytes.Equal(got, code) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
