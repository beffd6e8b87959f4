// Package recent keeps what was used last, bounded by bytes. One goroutine owns a [Set].
package recent

import (
	"container/list"
	"iter"
)

// Item is what a set keeps.
type Item interface {
	Name() string
	Size() int64
	Busy() bool // it must stay
}

// Set keeps items by name. Make it with [New].
type Set[T Item] struct {
	limit, bytes int64
	items        map[string]*list.Element
	order        list.List // front: used last
}

type kept[T Item] struct {
	item T
	size int64 // as charged
}

// New is a set of at most limit bytes.
func New[T Item](limit int64) *Set[T] {
	return &Set[T]{limit: limit, items: map[string]*list.Element{}}
}

// Get is the item of a name, used now.
func (s *Set[T]) Get(name string) (item T, ok bool) {
	e, ok := s.items[name]
	if !ok {
		return item, false
	}
	s.order.MoveToFront(e)
	return e.Value.(*kept[T]).item, true
}

// Put adds an item, used now.
func (s *Set[T]) Put(item T) {
	v := &kept[T]{item: item, size: item.Size()}
	s.items[item.Name()] = s.order.PushFront(v)
	s.bytes += v.size
	s.evict()
}

// Charge corrects the bytes of an item whose size changed.
func (s *Set[T]) Charge(item T) {
	if e, ok := s.items[item.Name()]; ok {
		v := e.Value.(*kept[T])
		s.bytes += item.Size() - v.size
		v.size = item.Size()
		s.evict()
	}
}

// All is every item, in no order.
func (s *Set[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, e := range s.items {
			if !yield(e.Value.(*kept[T]).item) {
				return
			}
		}
	}
}

// Bytes is what the items take.
func (s *Set[T]) Bytes() int64 { return s.bytes }

// evict forgets items that were not used for longest. A busy one stays, and the newest does, so that its user may go on
// with it.
func (s *Set[T]) evict() {
	for e := s.order.Back(); e != nil && e != s.order.Front() && s.bytes > s.limit; {
		v, before := e.Value.(*kept[T]), e.Prev()
		if !v.item.Busy() {
			s.order.Remove(e)
			delete(s.items, v.item.Name())
			s.bytes -= v.size
		}
		e = before
	}
}
