package store

import (
	"context"
	"iter"
	"time"
)

// Op is what a record does. The zero Op is invalid.
type Op uint8

// The operations of a record.
const (
	Put         Op = iota + 1 // set Key to Value
	Delete                    // remove Key; a key that is not there is no error
	DeleteRange               // remove every key from Key (inclusive) to End (exclusive)
)

// String is the operation's name.
func (o Op) String() string {
	switch o {
	case Put:
		return "put"
	case Delete:
		return "delete"
	case DeleteRange:
		return "delete-range"
	}
	return "invalid"
}

// Record is one change of the view. Records of one append apply in order, so a later one of the same key wins.
type Record struct {
	Op    Op
	Key   []byte // not empty; its first byte is a space of space.go, never [SpaceStore]
	Value []byte // Put only
	End   []byte // DeleteRange only: exclusive end, above Key
}

// Token is an owner's right to append to one partition. The zero Token is never valid; one that is older than the
// partition's last claim is fenced.
type Token struct {
	Partition string
	Epoch     uint64
	// Strict is set by an owner that has several appends in flight that build on each other: once an append of a
	// strict token fails, every later one of it fails with the same error, so that what is durable is always a prefix
	// of what was handed over. The owner claims the partition again to go on. Other tokens may be used again at once.
	Strict bool
}

// Entry is one key and its value. Both slices are owned by who got them.
type Entry struct {
	Key, Value []byte
}

// ScanOptions narrow a scan. The zero value reads everything in ascending order.
type ScanOptions struct {
	Limit   int  // at most this many entries; 0 means all
	Reverse bool // from the end of the range downwards
}

// Reader reads the view: durable state only (S4), never a record before its fsync.
type Reader interface {
	// Get returns an owned copy of the value of key, or [ErrNotFound].
	Get(key []byte) ([]byte, error)
	// Scan yields the entries of start (inclusive) to end (exclusive) in key order. A nil start is the first key, a
	// nil end is behind the last. All entries are of one durable instant. An error is yielded once, as the last step.
	// The body of the loop may take its time: between chunks no iterator is open, only old versions of rewritten keys
	// are kept until the loop ends.
	Scan(start, end []byte, o ScanOptions) iter.Seq2[Entry, error]
}

// View is a reader that stands still: all of its reads see the same durable instant. It is used by one goroutine at a
// time and must be closed; while it is open, old versions of rewritten keys are kept.
type View interface {
	Reader
	Close() error
}

// Prompt is a store that may have nothing to wait for, such as a disk.
type Prompt interface {
	// AppendNow is Append in the caller's turn: now is false if something has to be waited for, and then nothing happened.
	AppendNow(t Token, records []Record) (pos Pos, now bool, err error)
}

// Store is a log that makes records durable under an owner's token, and a view of the keys that they make up.
// All methods may be called from any goroutine.
type Store interface {
	Reader

	// Claim makes the caller the owner of partition and fences its earlier owners: their later appends fail with
	// [ErrFenced]. Appends that were handed over before the claim are still made.
	Claim(ctx context.Context, partition string) (Token, error)

	// Append makes the records durable, all or none of them, and returns their position. When ctx ends first the
	// records may still become durable.
	Append(ctx context.Context, t Token, records []Record) (Pos, error)

	// AppendAsync is Append without waiting: it never blocks on the disk. The calls of one goroutine keep their order
	// in the log. done is called exactly once, also when the store fails or closes, on the store's committer goroutine
	// and in log order: it must not block and must not call a waiting method of the store (AppendAsync is fine).
	// The records, their slices and bytes belong to the store until done. The store bounds the queue by nothing: a
	// caller bounds what it has in flight.
	AppendAsync(t Token, records []Record, done func(Pos, error))

	// View opens a reader of the present durable instant. On a closed store its reads return [ErrClosed].
	View() View

	// Full tells why the store takes no more data, with a channel that is closed when there is room again (or the
	// store is closed). The reason is empty and the channel nil while there is room.
	//
	// A caller whose append fails with [ErrFull] asks Full, waits for the channel if there is one, and appends the
	// same records again (with a strict token: claims first). Nothing is evicted, and appends that only delete go on.
	Full() (reason string, room <-chan struct{})

	// Since is when the history that the store can vouch for began: it was restored from a backup then, or a power cut may
	// have taken what was durable by its mode's promise alone. What clients were shown before may be missing or be made
	// differently since. The zero time: nothing was ever lost.
	Since() time.Time

	// Stats are the store's figures now.
	Stats() Stats

	// Close makes everything handed over so far durable, then stops. Later calls return [ErrClosed]; views that are
	// still open do so too.
	Close() error
}
