package tail

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/peltonhq/pelton/api"
)

// Log is the end of one plugin's log.
type Log struct {
	limit int // bytes

	mu    sync.Mutex
	lines []api.LogLine // the oldest first
	size  int
	last  uint64
	more  chan struct{} // closed with the next line
}

// New makes a log that keeps so many bytes of lines.
func New(limit int64) *Log { return &Log{limit: int(limit), more: make(chan struct{})} }

// cost is charged for each line beside its text.
const cost = 64

// Add appends a line, and forgets the oldest as far as it needs their room. One that is longer than all that is kept is
// cut.
func (l *Log) Add(line api.LogLine) {
	if most := max(0, l.limit-cost); len(line.Text) > most {
		line.Text = strings.ToValidUTF8(line.Text[:most], "")
	}
	if !utf8.ValidString(line.Text) {
		line.Text = strings.ToValidUTF8(line.Text, "\uFFFD")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	line.Seq = l.last
	l.lines = append(l.lines, line)
	l.size += sizeOf(&line)
	old := 0
	for ; l.size > l.limit && old < len(l.lines)-1; old++ {
		l.size -= sizeOf(&l.lines[old])
	}
	clear(l.lines[:old])
	l.lines = l.lines[old:]
	close(l.more)
	l.more = make(chan struct{})
}

func sizeOf(line *api.LogLine) int { return cost + len(line.Text) }

// After is a copy of the lines behind one by its number, of those that are kept, and a channel that is closed when there is
// more.
func (l *Log) After(seq uint64) (lines []api.LogLine, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, _ := slices.BinarySearchFunc(l.lines, seq+1, func(line api.LogLine, seq uint64) int {
		return int(int64(line.Seq) - int64(seq))
	})
	return slices.Clone(l.lines[at:]), l.more
}

// Size is how many bytes are kept, and how many lines there were.
func (l *Log) Size() (bytes, lines uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(l.size), l.last
}
