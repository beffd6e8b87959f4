package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/coder/websocket"
)

// upgrader accepts WebSockets of the one protocol, from pages of this host and the origins, whose writes have a deadline.
type upgrader struct {
	stall   time.Duration
	origins []string
}

// Accept implements [transport.WebsocketImplementation].
func (u upgrader) Accept(w http.ResponseWriter, r *http.Request, _ transport.WebsocketAcceptOptions) (transport.WebsocketConn, error) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocolWS}, OriginPatterns: u.origins})
	if err != nil {
		return nil, err
	}
	return &socket{c: c, stall: u.stall}, nil
}

// socket is a WebSocket as gqlgen wants it.
type socket struct {
	c     *websocket.Conn
	stall time.Duration

	mu      sync.Mutex
	expire  *time.Timer // ends a read
	closing sync.Once
}

// NextReader implements [transport.WebsocketConn].
func (s *socket) NextReader() (int, io.Reader, error) {
	kind, data, err := s.c.Read(context.Background()) // ended by Close and by the read deadline
	if status := websocket.CloseStatus(err); status == websocket.StatusNormalClosure || status == websocket.StatusNoStatusRcvd || status == websocket.StatusGoingAway {
		err = transport.ErrWebsocketClosed
	}
	return int(kind), bytes.NewReader(data), err
}

// WriteJSON implements [transport.WebsocketConn]. A write that takes longer than the stall time closes the connection.
func (s *socket) WriteJSON(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.stall)
	defer cancel()
	if err := s.c.Write(ctx, websocket.MessageText, data); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

// WriteClose implements [transport.WebsocketConn]. It waits for the client's answer for a bounded time.
func (s *socket) WriteClose(code int, reason string) error {
	var err error
	s.closing.Do(func() { err = s.c.Close(websocket.StatusCode(code), reason) })
	return err
}

// Close implements [io.Closer].
func (s *socket) Close() error {
	_ = s.SetReadDeadline(time.Time{})
	return s.c.CloseNow()
}

// Subprotocol implements [transport.WebsocketConn].
func (s *socket) Subprotocol() string { return s.c.Subprotocol() }

// SetReadLimit implements [transport.WebsocketReadLimiter].
func (s *socket) SetReadLimit(limit int64) { s.c.SetReadLimit(limit) }

// SetReadDeadline implements [transport.WebsocketReadDeadliner].
func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expire != nil {
		s.expire.Stop()
		s.expire = nil
	}
	if !t.IsZero() {
		s.expire = time.AfterFunc(time.Until(t), func() { _ = s.c.CloseNow() })
	}
	return nil
}
