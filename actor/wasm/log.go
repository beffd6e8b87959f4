package wasm

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/time/rate"
)

const (
	lineLimit = 4 << 10 // bytes of one line of the log; the rest of it is cut
	lineRate  = 100     // lines a second of one instance
	lineBurst = 200
	lineCost  = 128 // of a line, beside its bytes, in bytes of work
)

// limiter passes an instance's lines on to the plugin's log as far as its rate allows, and says how many it did not
// pass.
type limiter struct {
	log     func(level, message string)
	rate    *rate.Limiter
	dropped int
}

func (l *limiter) init(log func(level, message string)) {
	if log == nil {
		log = func(string, string) {}
	}
	l.log, l.rate = log, rate.NewLimiter(lineRate, lineBurst)
}

func (l *limiter) line(level, message string) {
	if !l.rate.Allow() {
		l.dropped++
		return
	}
	if l.dropped > 0 {
		l.log("warn", fmt.Sprintf("%d lines were dropped: the plugin logs more than %d lines a second", l.dropped, lineRate))
		l.dropped = 0
	}
	if len(message) > lineLimit {
		message = message[:lineLimit] + "…"
	}
	l.log(level, strings.ToValidUTF8(message, "�"))
}

// lines is the guest's standard output or error: whole lines go to the log.
type lines struct {
	log     *limiter
	level   string
	work    func(bytes int) // is told of what is done for the guest
	watch   bool            // look for the words of a panic
	panic   string          // the first line of the guest's last words
	partial []byte
}

// Write takes any pieces; it never fails.
func (l *lines) Write(p []byte) (int, error) {
	size := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		l.work(lineCost + max(i, 0))
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
	if room := lineLimit + 1 - len(l.partial); room < len(p) {
		p = p[:max(room, 0)]
	}
	l.partial = append(l.partial, p...)
}

// flush logs the line. What follows a panic is the guest's stack trace: of use to the plugin's author only.
func (l *lines) flush() {
	line := string(l.partial)
	l.partial = l.partial[:0]
	level := l.level
	switch {
	case l.panic != "":
		level = "debug"
	case l.watch && (strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")):
		l.panic, level = firstLine(line), "error"
	}
	if line != "" {
		l.log.line(level, line)
	}
}
