package local

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/peltonhq/pelton/store"
)

// lying is a file system that tells what free space the test wants.
type lying struct {
	vfs.FS
	free atomic.Uint64
}

func (l *lying) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: l.free.Load()}, nil
}

// untilFull appends until the store says that it is full, and returns how many were made.
func untilFull(t *testing.T, s *Store, token store.Token, from, most uint64) (n uint64) {
	t.Helper()
	value := random(32 << 10)
	for n = from; n < most; n++ {
		_, err := s.Append(t.Context(), token, []store.Record{put(key(n), value)})
		if errors.Is(err, store.ErrFull) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%d appends and not full", n)
	return n
}

func TestReserve(t *testing.T) {
	fs := &lying{FS: vfs.Default}
	fs.free.Store(1 << 30)
	const reserve = 8 << 20
	s := open(t, Options{Dir: t.TempDir(), Reserve: reserve, fs: fs})
	defer s.Close()
	token := claim(t, s)
	record := []store.Record{put(key("a"), []byte("1"))}
	if _, err := s.Append(t.Context(), token, record); err != nil {
		t.Fatal(err)
	}
	if reason, room := s.Full(); reason != "" || room != nil {
		t.Errorf("room: %q, %v", reason, room)
	}
	fs.free.Store(reserve - 1)
	_, err := s.Append(t.Context(), token, record)
	if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "store.reserve") {
		t.Errorf("append below the reserve: %v; want ErrFull and store.reserve", err)
	}
	if _, err := s.Append(t.Context(), token, []store.Record{{Op: store.Delete, Key: key("a")}}); err != nil {
		t.Errorf("delete below the reserve: %v", err)
	}
	if token, err = s.Claim(t.Context(), "p"); err != nil {
		t.Errorf("claim below the reserve: %v", err)
	}
	reason, room := s.Full()
	if reason == "" || room == nil || s.Stats().Full != reason {
		t.Fatalf("full: %q, stats %q", reason, s.Stats().Full)
	}
	fs.free.Store(1 << 30)
	<-room
	if _, err := s.Append(t.Context(), token, record); err != nil {
		t.Errorf("append with room again: %v", err)
	}
	fs.free.Store(0)
	if _, err := s.Append(t.Context(), token, record); !errors.Is(err, store.ErrFull) {
		t.Errorf("full again: %v", err)
	}
	_, room = s.Full()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-room // Close wakes who waits
}

// TestMaxBytes: the store fills up, loses nothing, and deleting makes room, time and again.
func TestMaxBytes(t *testing.T) {
	const limit = 24 << 20
	s := open(t, Options{Dir: t.TempDir(), Sync: SyncOff, MaxBytes: limit})
	defer s.Close()
	token := claim(t, s)
	from := uint64(0)
	for freed := 0; freed < 2; {
		n := untilFull(t, s, token, from, from+4*limit/(32<<10))
		if used := s.Stats().Bytes; used > 3*limit { // compactions in progress have their outputs beside their inputs
			t.Errorf("full at %d bytes; the limit is %d", used, limit)
		}
		for i := from; i < n; i++ {
			if _, err := s.Get(key(i)); err != nil {
				t.Fatalf("record %d of %d: %v", i, n, err)
			}
		}
		reason, room := s.Full()
		if room == nil { // a flush or compaction ended just now, and with it its double use of space
			from = n
			continue
		}
		if !strings.Contains(reason, "store.max_bytes") {
			t.Errorf("reason %q; want store.max_bytes", reason)
		}
		if _, err := s.Append(t.Context(), token, []store.Record{{Op: store.DeleteRange, Key: key(), End: key(n)}}); err != nil {
			t.Fatalf("delete while full: %v", err)
		}
		<-room
		freed++
		from = n
	}
	if _, err := s.Append(t.Context(), token, []store.Record{put(key("x"), []byte("1"))}); err != nil {
		t.Errorf("append with room again: %v", err)
	}
}

// TestTableFloor: tables stop before the disk is full, so that the WAL and the manifest never meet its end; they go on
// when there is room.
func TestTableFloor(t *testing.T) {
	fs := &lying{FS: vfs.Default}
	const reserve = 8 << 20
	fs.free.Store(reserve / 8)
	f := &files{FS: fs, dir: t.TempDir(), reserve: reserve}
	for _, c := range []struct {
		name     string
		category vfs.DiskWriteCategory
		floor    uint64
	}{{"000001.sst", "pebble-memtable-flush", reserve / 4}, {"000002.sst", "pebble-compaction", reserve / 2}, {"000003.log", "pebble-wal", 0}} {
		file, err := f.Create(f.PathJoin(f.dir, c.name), c.category)
		if err != nil {
			t.Fatal(err)
		}
		fs.free.Store(c.floor)
		if _, err := file.Write(random(tableCheck)); err != nil {
			t.Errorf("%s at its floor: %v", c.name, err)
		}
		fs.free.Store(c.floor / 2)
		if _, err := file.Write(random(tableCheck)); (err != nil) != (c.floor > 0) {
			t.Errorf("%s below its floor: %v", c.name, err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}
