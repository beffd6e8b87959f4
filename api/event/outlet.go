//go:build unix

package event

import "syscall"

// outlet writes to the connection without waiting.
type outlet struct {
	raw  syscall.RawConn
	try  func(fd uintptr) bool // made once
	text []byte
	n    int
}

// Outlet says whether chunks can be offered to the client: what is to be sent otherwise must wait meanwhile.
func (s *Writer) Outlet() bool {
	conn, ok := s.conn.(syscall.Conn)
	if !ok || s.err != nil {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	o := &outlet{raw: raw}
	o.try = func(fd uintptr) bool {
		var err error
		if o.n, err = syscall.Write(int(fd), o.text); err != nil {
			o.n = 0 // it would wait, or the client is gone: the next write tells
		}
		return true
	}
	s.outlet = o
	return true
}

// Offer sends as much of some chunks as the connection takes at once, and says how many bytes. It never waits.
func (s *Writer) Offer(chunks []byte) int {
	o := s.outlet
	o.text, o.n = chunks, 0
	err := o.raw.Write(o.try)
	o.text = nil
	if err != nil {
		return 0
	}
	return max(0, o.n)
}
