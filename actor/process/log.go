package process

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

const (
	lineLimit = 4 << 10 // bytes of one line of the log; the rest of it is cut
	lineRate  = 100     // lines a second of one process
	lineBurst = 200
	lastLines = 8 // of standard error, kept for the words of a failed start
)

// logger passes the lines of a process on to the plugin's log as far as its rate allows, and says how many it did not
// pass. It is used by three goroutines: of standard output, standard error and the stream.
type logger struct {
	mu      sync.Mutex
	log     func(level, message string)
	rate    *rate.Limiter
	dropped int
	panic   string   // the first line of a Go program's last words
	last    []string // lines of standard error
}

func newLogger(log func(level, message string)) *logger {
	return &logger{log: log, rate: rate.NewLimiter(lineRate, lineBurst)}
}

func (l *logger) line(level, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(level, message)
}

func (l *logger) write(level, message string) {
	if !l.rate.Allow() {
		l.dropped++
		return
	}
	if l.dropped > 0 {
		l.log("warn", fmt.Sprintf("%d lines were dropped: the plugin logs more than %d lines a second", l.dropped, lineRate))
		l.dropped = 0
	}
	l.log(level, clean(message, lineLimit))
}

// error takes a line of standard error. What follows a panic or the head of a traceback is of use to the plugin's author
// only.
func (l *logger) error(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.last) == lastLines {
		l.last = append(l.last[:0], l.last[1:]...)
	}
	l.last = append(l.last, clean(line, lineLimit))
	level := "warn"
	switch {
	case l.panic != "":
		level = "debug"
	case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "):
		l.panic, level = clean(line, 512), "error"
	}
	l.write(level, line)
}

// words are why the process left, as far as it said so: a panic, or its last line on standard error.
func (l *logger) words() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.panic != "" || len(l.last) == 0 {
		return l.panic
	}
	return l.last[len(l.last)-1]
}

// tail is the last lines of standard error.
func (l *logger) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}

// lines cuts what a process writes into lines; it never fails.
type lines struct {
	line    func(string)
	partial []byte
}

// Write takes any pieces.
func (l *lines) Write(p []byte) (int, error) {
	size := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			l.add(p)
			break
		}
		l.add(p[:i])
		l.flush()
		p = p[i+1:]
	}
	return size, nil
}

func (l *lines) add(p []byte) {
	room := lineLimit + 1 - len(l.partial)
	l.partial = append(l.partial, p[:min(max(room, 0), len(p))]...)
}

func (l *lines) flush() {
	if text := strings.TrimRight(string(l.partial), "\r"); text != "" {
		l.line(text)
	}
	l.partial = l.partial[:0]
}

// clean is a text as one that can be stored and shown, of at most limit bytes.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
