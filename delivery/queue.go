package delivery

// queue is a double-ended queue over a growing ring. Its length is bounded by the ledger's window.
type queue[T any] struct {
	ring []T
	head int
	n    int
}

func (q *queue[T]) len() int { return q.n }

func (q *queue[T]) at(i int) *T { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *queue[T]) grow() {
	bigger := make([]T, max(16, 2*len(q.ring)))
	for i := range q.n {
		bigger[i] = *q.at(i)
	}
	q.ring, q.head = bigger, 0
}

func (q *queue[T]) pushBack(v T) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.n++
	*q.at(q.n - 1) = v
}

// pushLast pushes the last n values of another queue.
func (q *queue[T]) pushLast(from *queue[T], n int) {
	for i := from.n - n; i < from.n; {
		at := (from.head + i) & (len(from.ring) - 1)
		row := from.ring[at:min(at+from.n-i, len(from.ring))] // as far as they lie in a row
		i += len(row)
		q.pushAll(row)
	}
}

func (q *queue[T]) pushAll(values []T) {
	for len(q.ring)-q.n < len(values) {
		q.grow()
	}
	at := (q.head + q.n) & (len(q.ring) - 1)
	copied := copy(q.ring[at:], values)
	copy(q.ring, values[copied:])
	q.n += len(values)
}

func (q *queue[T]) pushFront(v T) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.head = (q.head - 1) & (len(q.ring) - 1)
	q.n++
	q.ring[q.head] = v
}

func (q *queue[T]) popFront() T {
	v := q.ring[q.head]
	var zero T
	q.ring[q.head] = zero
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return v
}

// run is at most n values from the front, as they lie in a row.
func (q *queue[T]) run(n int) []T {
	return q.ring[q.head:min(q.head+min(n, q.n), len(q.ring))]
}

// drop forgets n values from the front, which hold nothing.
func (q *queue[T]) drop(n int) {
	if n > 0 {
		q.head = (q.head + n) & (len(q.ring) - 1)
		q.n -= n
	}
}

// line is what waits to be offered to one instance: a double-ended queue whose back end, messages at their first offer,
// is four bytes each.
type line struct {
	again queue[Item] // put back, in front of what is fresh
	fresh queue[Fresh]
}

func (q *line) len() int { return q.again.len() + q.fresh.len() }

// slab hands out indexes of reusable values, so that steady work allocates nothing. Index 0 is never handed out.
type slab[T any] struct {
	items []T
	free  []int32
}

func (s *slab[T]) take(v T) int32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		s.items[i] = v
		return i
	}
	if len(s.items) == 0 {
		var zero T
		s.items = append(s.items, zero)
	}
	s.items = append(s.items, v)
	return int32(len(s.items) - 1)
}

// empty is take of the zero value, which its user fills where it lies.
func (s *slab[T]) empty() (int32, *T) {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i, &s.items[i]
	}
	var zero T
	i := s.take(zero)
	return i, &s.items[i]
}

func (s *slab[T]) at(i int32) *T { return &s.items[i] }

func (s *slab[T]) give(i int32) {
	var zero T
	s.items[i] = zero
	s.free = append(s.free, i)
}

func (s *slab[T]) used() int { return max(0, len(s.items)-1-len(s.free)) }
