package local

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/peltonhq/pelton/store"
)

// Sync says when an append is durable.
type Sync string

// The modes of durability; the zero value is SyncAlways.
const (
	SyncAlways Sync = "always" // after fsync: survives kill -9 and power cuts
	SyncOff    Sync = "off"    // after the write to the operating system: survives kill -9 only
)

// Options open a store.
type Options struct {
	Dir      string // made if it is not there
	Sync     Sync   // default SyncAlways
	MaxBytes int64  // of the data on disk, looked at now and then: flushes pass it by some MiB; 0 means no limit
	Reserve  int64  // bytes of free disk to leave; 0 means none, and a full disk then stops the store for good
	Addr     string // where this process listens, if known already; see SetAddr

	fs   vfs.FS        // tests inject errors here
	boot func() string // and another start of the machine here
}

// Validate tells what is wrong with the options.
func (o *Options) Validate() error {
	switch {
	case o.Dir == "":
		return fmt.Errorf("store.dir: empty; give a directory: %w", store.ErrInvalid)
	case o.Sync != "" && o.Sync != SyncAlways && o.Sync != SyncOff:
		return fmt.Errorf("store %s: store.sync is %q; want %q or %q: %w", o.Dir, o.Sync, SyncAlways, SyncOff, store.ErrInvalid)
	case o.MaxBytes < 0 || o.Reserve < 0:
		return fmt.Errorf("store %s: store.max_bytes or store.reserve is below zero: %w", o.Dir, store.ErrInvalid)
	case o.MaxBytes > 0 && o.MaxBytes < minBytes:
		return fmt.Errorf("store %s: store.max_bytes is %s; the smallest that works is %s: %w", o.Dir, size(o.MaxBytes), size(minBytes), store.ErrInvalid)
	}
	return nil
}

// Sizes. Memory is at most cacheBytes + memtables × memtableBytes and what is queued.
const (
	// The larger a memtable, the fewer tables a flush makes and the less often compactions rewrite those below; what is deleted
	// again soon, such as marks and a queue's messages, never leaves it. They grow to this as there is something to write.
	memtableBytes = 16 << 20
	smallestTable = 4 << 20
	memtables     = 3  // Pebble keeps as many old logs and one for reuse, beside MaxBytes
	memtableShare = 64 // the part of MaxBytes that a memtable takes at most
	reserveShare  = 4  // the part of Reserve
	cacheBytes    = 16 << 20
	minBytes      = 4 << 20 // WAL and memtables need this much before the first compaction
	groupRecords  = 1000
	groupBytes    = 1 << 20
	// Values from apartBytes on, plugins' code above all, lie in files of their own. Beside their keys each would be a block
	// of its own size, which is read and decompressed by every look for a key before it that is not there, and which the
	// cache is too small to keep.
	apartBytes = 128 << 10
	bloomBits  = 10 // per key: most look-ups of effect marks miss
)

// MemoryBytes is what a store holds in memory at most, beside what its callers have handed over.
const MemoryBytes = cacheBytes + memtables*memtableBytes

func (s *Store) pebbleOptions() *pebble.Options {
	log := quiet{s}
	o := &pebble.Options{
		FS:                          s.files,
		Lock:                        s.lock,
		Logger:                      log,
		EventListener:               &pebble.EventListener{BackgroundError: func(error) {}, DataCorruption: s.corruption},
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   cacheBytes,
		MemTableSize:                s.o.memtable(),
		MemTableStopWritesThreshold: memtables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       40,
	}
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{Enabled: true, MinimumSize: apartBytes, MaxBlobReferenceDepth: 10, TargetGarbageRatio: 0.2}
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return o
}

// memtable is the size of one: a store that may be small has small ones, since their logs come on top, and what they hold
// must still find room on a disk that has no more than the reserve.
func (o *Options) memtable() uint64 {
	n := int64(memtableBytes)
	if o.MaxBytes > 0 {
		n = min(n, o.MaxBytes/memtableShare)
	}
	if o.Reserve > 0 {
		n = min(n, o.Reserve/reserveShare)
	}
	return uint64(max(n, smallestTable))
}

func (s *Store) corruption(info pebble.DataCorruptionInfo) {
	s.fail(fmt.Errorf("damaged file %s: %w", info.Path, info.Details))
}

// quiet is Pebble's logger: silent, except that what Pebble holds for fatal stops the store.
type quiet struct{ s *Store }

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf is called when the database cannot go on; Pebble expects the process to end.
func (q quiet) Fatalf(format string, args ...any) { q.s.fail(fmt.Errorf(format, args...)) }
