// Package keep is what a plugin may call: functions that keep, pass on or copy what they are given.
package keep

import (
	"bytes"
	"sync"
)

var last []byte

// Last keeps b in a variable.
func Last(b []byte) { last = b }

// Deep keeps b by way of another function.
func Deep(b []byte) { Last(Middle(b)) }

// Middle gives a part of b.
func Middle(b []byte) []byte { return b[len(b)/4 : len(b)/2] }

// Copy gives a copy.
func Copy(b []byte) []byte { return bytes.Clone(b) }

// Size looks only.
func Size(b []byte) int { return len(b) }

// Box holds anything.
type Box struct {
	mu   sync.Mutex
	any  any
	list [][]byte
}

// Put stores x.
func (b *Box) Put(x any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.any = x
}

// Add stores all.
func (b *Box) Add(all ...[]byte) { b.list = append(b.list, all...) }

// Count stores nothing.
func (b *Box) Count(all ...[]byte) int { return len(b.list) + len(all) }

// Stack is generic.
type Stack[T any] struct{ items []T }

// Push stores x.
func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }

// Set stores v under k in m.
func Set[K comparable, V any](m map[K]V, k K, v V) { m[k] = v }

// Same gives x back.
func Same[T any](x T) T { return x }

// Pair holds what it is given.
type Pair struct{ Left, Right []byte }

// NewPair holds left and right.
func NewPair(left, right []byte) *Pair { return &Pair{Left: left, Right: right} }

// Later runs f on a goroutine.
func Later(f func()) { go f() }

// Now runs f at once.
func Now(f func()) { f() }

var pairs []*Pair

// Each gives f pairs that belong to the package.
func Each(f func(p *Pair)) {
	for _, p := range pairs {
		f(p)
	}
}

// Keeper is implemented by Box and by types elsewhere.
type Keeper interface{ Put(x any) }
