package event

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// flushBytes is how much is gathered before it is written although more of the same batch comes.
const flushBytes = 64 << 10

// Writer writes events. Nothing reaches the client before Flush, so a batch of events costs one write.
type Writer struct {
	Bare bool // no space behind the colon of a field

	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	buf     bytes.Buffer
	err     error
}

// New writes to a client that may take nothing for the stall time.
func New(w http.ResponseWriter, stall time.Duration) *Writer {
	return &Writer{w: w, control: http.NewResponseController(w), stall: stall}
}

// Open answers 200.
func (s *Writer) Open() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	s.w.WriteHeader(http.StatusOK)
}

// Write adds one event; an empty id gives it none. A line break in data, of whatever kind, begins another data line.
func (s *Writer) Write(name, id string, data []byte) {
	b := &s.buf
	colon := ": "
	if s.Bare {
		colon = ":"
	}
	b.WriteString("event: ")
	b.WriteString(name)
	if id != "" {
		b.WriteString("\nid: ")
		b.WriteString(id)
	}
	for {
		n := bytes.IndexAny(data, "\r\n")
		line := data
		if n >= 0 {
			line = data[:n]
		}
		b.WriteString("\ndata" + colon)
		if s.Bare && len(line) > 0 && line[0] == ' ' {
			b.WriteByte(' ') // a reader takes one away
		}
		b.Write(line)
		if n < 0 {
			break
		}
		if data[n] == '\r' && n+1 < len(data) && data[n+1] == '\n' {
			n++
		}
		data = data[n+1:]
	}
	b.WriteString("\n\n")
	if b.Len() >= flushBytes {
		_ = s.Flush() // the error stays, the next flush tells it
	}
}

// Comment adds what a client skips, so that an idle connection is not taken for a dead one.
func (s *Writer) Comment() { s.buf.WriteString(":\n\n") }

// Retry tells an EventSource how long to wait before it connects again.
func (s *Writer) Retry(wait time.Duration) {
	s.buf.WriteString("retry: " + strconv.FormatInt(wait.Milliseconds(), 10) + "\n\n")
}

// Flush writes what was gathered. A write that takes longer than the stall time is cut by a deadline in the past; it
// is set only then, because moving a deadline costs a system call each time.
func (s *Writer) Flush() error {
	if s.err != nil || s.buf.Len() == 0 {
		return s.err
	}
	timer := time.AfterFunc(s.stall, func() { _ = s.control.SetWriteDeadline(time.Unix(1, 0)) })
	defer timer.Stop()
	if _, s.err = s.w.Write(s.buf.Bytes()); s.err == nil {
		s.err = s.control.Flush()
	}
	s.buf.Reset()
	return s.err
}
