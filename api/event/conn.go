package event

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Take answers 200 on the connection itself, where that can be had: over HTTP/1.1. Then each Flush is one write, whatever its
// size, and what was written by Chunk before can be sent as it is; net/http would copy it, and cut it in three. Elsewhere Take
// is Open. The context ends when the client is gone; End must be called.
func (s *Writer) Take(r *http.Request) (ctx context.Context, taken bool) {
	if r.ProtoMajor != 1 || r.ProtoMinor < 1 || r.Method == http.MethodHead {
		s.Open()
		return r.Context(), false
	}
	conn, _, err := s.control.Hijack()
	if err != nil {
		s.Open()
		return r.Context(), false
	}
	ctx, cancel := context.WithCancel(r.Context())
	s.conn, s.gone = conn, make(chan struct{})
	go s.watch(cancel)
	s.header()
	h := s.w.Header()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Transfer-Encoding", "chunked")
	h.Set("Connection", "close") // at its end
	var text bytes.Buffer
	text.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&text) // a buffer takes everything
	text.WriteString("\r\n")
	_ = s.send(text.Bytes()) // the error stays
	return ctx, true
}

// strayBytes are those that a client may send behind its request.
const strayBytes = 4 << 10

// watch reads what a client should not send, to learn that it is gone.
func (s *Writer) watch(cancel context.CancelFunc) {
	defer close(s.gone)
	defer cancel()
	var void [16]byte
	for stray := 0; stray < strayBytes; {
		n, err := s.conn.Read(void[:])
		if err != nil {
			return
		}
		stray += n
	}
}

// Send writes chunks that were made before, behind what was gathered. They may be shared: nobody changes them.
func (s *Writer) Send(chunks []byte) error {
	if err := s.Flush(); err != nil {
		return err
	}
	return s.send(chunks)
}

// End writes what was gathered and ends the answer, and gives the error of the last write. Another call does nothing.
func (s *Writer) End() error {
	err := s.Flush()
	if s.conn == nil || errors.Is(err, net.ErrClosed) {
		return err
	}
	if err == nil {
		err = s.send([]byte("0\r\n\r\n"))
	}
	_ = s.conn.Close()
	<-s.gone
	s.err = net.ErrClosed
	return err
}

// Chunk makes one chunk of HTTP/1.1 of what stands in text from a place on.
func Chunk(text []byte, from int) []byte {
	var size [18]byte
	head := append(strconv.AppendInt(size[:0], int64(len(text)-from), 16), "\r\n"...)
	return append(slices.Insert(text, from, head...), "\r\n"...)
}
