package store

import (
	"bytes"
	"fmt"
)

// Check tells what is wrong with records, as an [ErrInvalid]; every implementation calls it before it accepts them.
func Check(records []Record) error {
	if len(records) == 0 {
		return fmt.Errorf("append: no records: %w", ErrInvalid)
	}
	for i := range records {
		if err := records[i].check(); err != nil {
			return fmt.Errorf("append: record %d of %d: %w", i+1, len(records), err)
		}
	}
	return nil
}

func (r *Record) check() error {
	switch {
	case r.Op < Put || r.Op > DeleteRange:
		return fmt.Errorf("operation %d is none: %w", r.Op, ErrInvalid)
	case len(r.Key) == 0:
		return fmt.Errorf("%s: key is empty: %w", r.Op, ErrInvalid)
	case r.Key[0] <= SpaceStore:
		return fmt.Errorf("%s %x: the space is the store's own: %w", r.Op, r.Key, ErrInvalid)
	case r.Op == DeleteRange && bytes.Compare(r.Key, r.End) >= 0:
		return fmt.Errorf("%s %x: end %x is not above it: %w", r.Op, r.Key, r.End, ErrInvalid)
	}
	return nil
}

// OnlyDeletes reports whether no record adds data, so that a full store still takes them.
func OnlyDeletes(records []Record) bool {
	for i := range records {
		if records[i].Op == Put {
			return false
		}
	}
	return true
}

// Size is the bytes of keys and values in records.
func Size(records []Record) int64 {
	var n int
	for i := range records {
		n += len(records[i].Key) + len(records[i].Value) + len(records[i].End)
	}
	return int64(n)
}

// Bounds are start and end without the store's own space, which no read shows.
func Bounds(start, end []byte) (from, to []byte) {
	if len(start) == 0 || start[0] <= SpaceStore {
		start = []byte{SpaceStore + 1}
	}
	return start, end
}
