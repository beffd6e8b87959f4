package tail

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
)

// Log is the end of a log of entries, numbered from 1 without a hole.
type Log[T any] struct {
	limit, cost int                                  // bytes; those that an entry is charged with beside its text
	parts       func(*T) (seq *uint64, text *string) // of an entry

	mu      sync.Mutex
	entries []T // the oldest first
	size    int
	last    uint64
	more    chan struct{} // closed with the next entry
}

// Lines makes a log of one plugin, that keeps so many bytes.
func Lines(limit int64) *Log[api.LogLine] {
	return &Log[api.LogLine]{
		limit: int(limit), cost: 64, more: make(chan struct{}),
		parts: func(l *api.LogLine) (*uint64, *string) { return &l.Seq, &l.Text },
	}
}

// Journal is what happened to a wheel.
type Journal = Log[delta.Event]

// Events makes a log of what happens to the wheel, that keeps so many bytes.
func Events(limit int64) *Journal {
	return &Journal{
		limit: int(limit), cost: 160, more: make(chan struct{}),
		parts: func(e *delta.Event) (*uint64, *string) { return &e.Seq, &e.Text },
	}
}

// Add appends an entry, and forgets the oldest as far as it needs their room. A text that is longer than all that is kept is
// cut.
func (l *Log[T]) Add(entry T) {
	seq, text := l.parts(&entry)
	if most := max(0, l.limit-l.cost); len(*text) > most {
		*text = strings.ToValidUTF8((*text)[:most], "")
	}
	if !utf8.ValidString(*text) {
		*text = strings.ToValidUTF8(*text, "\uFFFD")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	*seq = l.last
	l.entries = append(l.entries, entry)
	l.size += l.sizeOf(&entry)
	old := 0
	for ; l.size > l.limit && old < len(l.entries)-1; old++ {
		l.size -= l.sizeOf(&l.entries[old])
	}
	clear(l.entries[:old])
	l.entries = l.entries[old:]
	close(l.more)
	l.more = make(chan struct{})
}

func (l *Log[T]) sizeOf(entry *T) int {
	_, text := l.parts(entry)
	return l.cost + len(*text)
}

// After is a copy of the entries behind one by its number, of those that are kept, and a channel that is closed when there is
// more.
func (l *Log[T]) After(seq uint64) (entries []T, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	behind := l.last - min(seq, l.last)
	return slices.Clone(l.entries[len(l.entries)-int(min(behind, uint64(len(l.entries)))):]), l.more
}

// Since is what [Log.After] gives, without the channel.
func (l *Log[T]) Since(seq uint64) []T {
	entries, _ := l.After(seq)
	return entries
}

// Size is how many bytes are kept, and how many entries there were.
func (l *Log[T]) Size() (bytes, entries uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(l.size), l.last
}
