package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Keys are tuples whose bytes sort as their parts do: text before its own continuation, numbers by value. A tuple has
// no tags, so who reads a key knows the types of its parts; one place of a tuple always holds one type.
//
//	text, bytes   each 0x00 as 0x00 0xFF, then 0x00 0x01 at the end
//	uint64        8 bytes, big-endian
const (
	escape     = 0x00
	escaped    = 0xFF // after escape: the byte 0x00 itself
	terminator = 0x01 // after escape: the end of the part; below escaped, so that a prefix sorts first
)

// Key builds a key of a space from its parts: string, []byte or uint64; any other type panics. Hot paths use the
// Append functions instead, which do not allocate.
func Key(space byte, parts ...any) []byte {
	key := make([]byte, 1, 64)
	key[0] = space
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			key = AppendString(key, p)
		case []byte:
			key = AppendBytes(key, p)
		case uint64:
			key = AppendUint64(key, p)
		default:
			panic(fmt.Sprintf("store.Key: part of type %T; want string, []byte or uint64", part))
		}
	}
	return key
}

// AppendString appends s as one part of a tuple.
func AppendString(key []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, escape)
		if i < 0 {
			break
		}
		key = append(append(key, s[:i+1]...), escaped)
		s = s[i+1:]
	}
	return append(append(key, s...), escape, terminator)
}

// AppendBytes appends b as one part of a tuple; it is encoded as text is.
func AppendBytes(key, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, escape)
		if i < 0 {
			break
		}
		key = append(append(key, b[:i+1]...), escaped)
		b = b[i+1:]
	}
	return append(append(key, b...), escape, terminator)
}

// AppendUint64 appends n as one part of a tuple.
func AppendUint64(key []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(key, n) }

// CutSpace takes the space off the front of key.
func CutSpace(key []byte, space byte) (rest []byte, err error) {
	if len(key) == 0 || key[0] != space {
		return nil, fmt.Errorf("key %x: not in space %#02x: %w", key, space, ErrCorrupt)
	}
	return key[1:], nil
}

// CutString takes a text off the front of key.
func CutString(key []byte) (s string, rest []byte, err error) {
	b, rest, err := CutBytes(key)
	return string(b), rest, err
}

// CutBytes takes bytes off the front of key. The result may alias key.
func CutBytes(key []byte) (b, rest []byte, err error) {
	var unescaped []byte
	for from := 0; ; {
		i := bytes.IndexByte(key[from:], escape)
		if i < 0 || from+i+1 >= len(key) {
			return nil, nil, fmt.Errorf("key %x: text has no end: %w", key, ErrCorrupt)
		}
		end := from + i
		switch key[end+1] {
		case terminator:
			if unescaped == nil {
				return key[:end:end], key[end+2:], nil
			}
			return append(unescaped, key[from:end]...), key[end+2:], nil
		case escaped:
			unescaped = append(unescaped, key[from:end+1]...)
			from = end + 2
		default:
			return nil, nil, fmt.Errorf("key %x: bad escape %#02x: %w", key, key[end+1], ErrCorrupt)
		}
	}
}

// CutUint64 takes a number off the front of key.
func CutUint64(key []byte) (n uint64, rest []byte, err error) {
	if len(key) < 8 {
		return 0, nil, fmt.Errorf("key %x: number has %d bytes, want 8: %w", key, len(key), ErrCorrupt)
	}
	return binary.BigEndian.Uint64(key), key[8:], nil
}

// PrefixEnd is the exclusive end of the range of keys that begin with prefix: Scan(prefix, PrefixEnd(prefix), …).
// It is nil, "behind the last key", when prefix is empty or all 0xFF.
func PrefixEnd(prefix []byte) []byte {
	for i, v := range slices.Backward(prefix) {
		if v != 0xFF {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
