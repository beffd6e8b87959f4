package event

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
)

// flushBytes is how much is gathered before it is written although more of the same batch comes.
const flushBytes = 64 << 10

// Writer writes events. Nothing reaches the client before Flush, so a batch of events costs one write.
type Writer struct {
	Bare    bool   // no space behind the colon of a field
	Stalled func() // told when a client is cut off; nil: nobody is

	w       http.ResponseWriter
	control *http.ResponseController
	conn    net.Conn      // of its own, see Take; nil: w is written
	outlet  *outlet       // see Outlet
	gone    chan struct{} // closed when nothing more can be read of conn
	stall   time.Duration
	timer   *time.Timer // cuts a write; nil before the first
	buf     []byte
	err     error
}

// New writes to a client that may take nothing for the stall time.
func New(w http.ResponseWriter, stall time.Duration) *Writer {
	return &Writer{w: w, control: http.NewResponseController(w), stall: stall}
}

// Open answers 200.
func (s *Writer) Open() {
	s.header()
	s.w.WriteHeader(http.StatusOK)
}

func (s *Writer) header() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
}

// Write adds one event; an empty id gives it none. A line break in data, of whatever kind, begins another data line.
func (s *Writer) Write(name, id string, data []byte) {
	s.buf = Append(s.buf, s.Bare, name, id, data)
	if len(s.buf) >= flushBytes {
		_ = s.Flush() // the error stays, the next flush tells it
	}
}

// Append adds the text of one event to dst.
func Append(dst []byte, bare bool, name, id string, data []byte) []byte {
	colon := ": "
	if bare {
		colon = ":"
	}
	dst = append(append(dst, "event: "...), name...)
	if id != "" {
		dst = append(append(dst, "\nid: "...), id...)
	}
	for {
		n := bytes.IndexAny(data, "\r\n")
		line := data
		if n >= 0 {
			line = data[:n]
		}
		dst = append(append(dst, "\ndata"...), colon...)
		if bare && len(line) > 0 && line[0] == ' ' {
			dst = append(dst, ' ') // a reader takes one away
		}
		dst = append(dst, line...)
		if n < 0 {
			return append(dst, "\n\n"...)
		}
		if data[n] == '\r' && n+1 < len(data) && data[n+1] == '\n' {
			n++
		}
		data = data[n+1:]
	}
}

// Comment adds what a client skips, so that an idle connection is not taken for a dead one.
func (s *Writer) Comment() { s.buf = append(s.buf, ":\n\n"...) }

// Retry tells an EventSource how long to wait before it connects again.
func (s *Writer) Retry(wait time.Duration) {
	s.buf = append(append(append(s.buf, "retry: "...), strconv.FormatInt(wait.Milliseconds(), 10)...), "\n\n"...)
}

// Flush writes what was gathered.
func (s *Writer) Flush() error {
	if len(s.buf) == 0 {
		return s.err
	}
	text := s.buf
	if s.conn != nil {
		text = Chunk(text, 0)
	}
	err := s.send(text)
	if s.buf = s.buf[:0]; cap(s.buf) > keepBytes { // an idle follower holds little
		s.buf = nil
	}
	return err
}

// keepBytes is the largest buffer that is kept from one write to the next.
const keepBytes = 4 << 10

// send writes. A write that takes longer than the stall time is cut by a deadline in the past; it is set only then, because
// one that is kept moving costs more than a timer that is kept stopped.
func (s *Writer) send(text []byte) error {
	if s.err != nil {
		return s.err
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(s.stall, s.cut)
	} else {
		s.timer.Reset(s.stall)
	}
	if s.conn != nil {
		_, s.err = s.conn.Write(text)
	} else if _, s.err = s.w.Write(text); s.err == nil {
		s.err = s.control.Flush()
	}
	s.timer.Stop()
	return s.err
}

func (s *Writer) cut() {
	if s.Stalled != nil {
		s.Stalled()
	}
	if s.conn != nil {
		_ = s.conn.SetWriteDeadline(time.Unix(1, 0))
		return
	}
	_ = s.control.SetWriteDeadline(time.Unix(1, 0))
}
