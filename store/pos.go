package store

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Pos is a place in the log of one partition. Positions of one partition are ordered; those of two are not
// comparable. The zero Pos is before the first record.
type Pos struct {
	n uint64
}

// At builds the n-th position of a partition, from 1. Only implementations of [Store] call it.
func At(n uint64) Pos { return Pos{n: n} }

// Next is the position that follows p. Only implementations of [Store] call it.
func (p Pos) Next() Pos { return Pos{n: p.n + 1} }

// Number is the inverse of [At]. Only implementations of [Store] call it.
func (p Pos) Number() uint64 { return p.n }

// IsZero reports whether p is before the first record.
func (p Pos) IsZero() bool { return p.n == 0 }

// Compare is -1, 0 or +1 as p is before, at or behind q of the same partition.
func (p Pos) Compare(q Pos) int { return cmp.Compare(p.n, q.n) }

// String is the position as opaque text.
func (p Pos) String() string { return strconv.FormatUint(p.n, 36) }

// ParsePos is the inverse of [Pos.String].
func ParsePos(s string) (Pos, error) {
	n, err := strconv.ParseUint(s, 36, 64)
	p := Pos{n: n}
	if err != nil || p.String() != s {
		return Pos{}, fmt.Errorf("position %q: not one of this store: %w", s, ErrInvalid)
	}
	return p, nil
}

// Vector is a position in several partitions at once: everything of a session name, for example. Partitions that are
// not in it are at their beginning. Vectors are values: the methods never change their receiver.
type Vector map[string]Pos

// With is v with partition at p.
func (v Vector) With(partition string, p Pos) Vector {
	w := make(Vector, len(v)+1)
	maps.Copy(w, v)
	w[partition] = p
	return w
}

// Covers reports whether v is at or behind w in every partition of w.
func (v Vector) Covers(w Vector) bool {
	for partition, p := range w {
		if v[partition].Compare(p) < 0 {
			return false
		}
	}
	return true
}

// String is the vector as opaque text: "partition=position" joined by "&", sorted.
func (v Vector) String() string {
	parts := make([]string, 0, len(v))
	for _, partition := range slices.Sorted(maps.Keys(v)) {
		parts = append(parts, url.QueryEscape(partition)+"="+v[partition].String())
	}
	return strings.Join(parts, "&")
}

// ParseVector is the inverse of [Vector.String].
func ParseVector(s string) (Vector, error) {
	v := Vector{}
	if s == "" {
		return v, nil
	}
	for part := range strings.SplitSeq(s, "&") {
		name, text, _ := strings.Cut(part, "=")
		partition, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("position vector %q: partition %q is badly escaped: %w", s, name, ErrInvalid)
		}
		p, err := ParsePos(text)
		if err != nil {
			return nil, fmt.Errorf("position vector %q: %w", s, err)
		}
		v[partition] = p
	}
	if v.String() != s {
		return nil, fmt.Errorf("position vector %q: not in canonical form: %w", s, ErrInvalid)
	}
	return v, nil
}
