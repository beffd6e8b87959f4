package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/peltonhq/pelton/api"
)

const protocolWS = "graphql-transport-ws"

// Close codes of the protocol.
const (
	closeBadMessage   websocket.StatusCode = 4400
	closeNoInit       websocket.StatusCode = 4401
	closeInitTimeout  websocket.StatusCode = 4408
	closeSameID       websocket.StatusCode = 4409
	closeTooManyInits websocket.StatusCode = 4429
)

// socket is one WebSocket. The goroutine of its request reads; each operation has a goroutine that writes.
type socket struct {
	h      *handler
	c      *websocket.Conn
	ctx    context.Context
	header http.Header

	inited bool            // only the reader uses it, and caller
	caller context.Context // of operations: ctx, with who says that it is there

	mu     sync.Mutex
	ops    map[string]*running
	n      int  // operations that have not ended: one that the client completed is not in ops any more
	closed bool // the service closes: nothing begins
	idle   chan struct{}
}

// running is an operation under way.
type running struct{ cancel context.CancelFunc }

// socket serves a WebSocket until the client leaves or breaks the protocol, or the service closes and every subscription
// has told so.
func (h *handler) socket(w http.ResponseWriter, r *http.Request) {
	offered := strings.Split(strings.ReplaceAll(r.Header.Get("Sec-WebSocket-Protocol"), " ", ""), ",")
	if !slices.Contains(offered, protocolWS) {
		api.WriteError(w, api.Errorf(api.InvalidArgument, "the WebSocket offers the protocols %q; want %s", offered, protocolWS))
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocolWS}, OriginPatterns: h.o.Origins})
	if err != nil {
		return // it has been answered
	}
	h.meter.Sockets(1)
	defer h.meter.Sockets(-1)
	c.SetReadLimit(h.o.Body)
	ctx, cancel := context.WithCancel(r.Context())
	s := &socket{h: h, c: c, ctx: ctx, caller: ctx, header: r.Header, ops: map[string]*running{}, idle: make(chan struct{})}
	var helpers sync.WaitGroup
	helpers.Go(s.alive)
	helpers.Go(s.end)
	s.read()
	cancel()
	s.stop()
	<-s.idle
	_ = c.CloseNow() // where it is closed already, that is fine
	helpers.Wait()
}

// alive asks the client for a sign of life while nothing else may be on its way.
func (s *socket) alive() {
	tick := time.NewTicker(s.h.o.KeepAlive)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(s.ctx, s.h.o.Stall)
		err := s.c.Ping(ctx)
		cancel()
		if err != nil {
			_ = s.c.CloseNow() // the reader learns of it
			return
		}
	}
}

// end closes the connection once the service closes and the operations have ended, each with a word to the client.
func (s *socket) end() {
	select {
	case <-s.h.svc.Closing():
	case <-s.ctx.Done():
		return
	}
	s.stop()
	select {
	case <-s.idle:
		s.bye(websocket.StatusGoingAway, "the wheel is shutting down")
	case <-s.ctx.Done():
	}
}

// stop lets no operation begin any more. idle is closed when the last one has ended.
func (s *socket) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.n == 0 {
		close(s.idle)
	}
	s.closed = true
}

func (s *socket) bye(code websocket.StatusCode, reason string) { _ = s.c.Close(code, reason) }

// message is one of the protocol.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// read takes messages until the connection ends. It has a bounded time for the first.
func (s *socket) read() {
	late := time.AfterFunc(s.h.o.Init, func() {
		s.h.meter.Refuse("init")
		s.bye(closeInitTimeout, "Connection initialisation timeout")
	})
	defer late.Stop()
	for {
		kind, data, err := s.c.Read(s.ctx)
		if errors.Is(err, websocket.ErrMessageTooBig) {
			s.h.meter.Refuse("body")
		}
		if err != nil {
			return
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil {
			s.bye(closeBadMessage, "Invalid message: want JSON text with a type")
			return
		}
		if m.Type == "connection_init" {
			late.Stop()
		}
		if code, reason := s.take(&m); code != 0 {
			s.bye(code, reason)
			return
		}
	}
}

// take does what a message says; a code closes the connection.
func (s *socket) take(m *message) (code websocket.StatusCode, reason string) {
	switch m.Type {
	case "connection_init":
		return s.hello(m.Payload)
	case "ping":
		s.write(&message{Type: "pong", Payload: m.Payload})
	case "pong":
	case "subscribe":
		return s.subscribe(m)
	case "complete":
		s.mu.Lock()
		defer s.mu.Unlock()
		if op, ok := s.ops[m.ID]; ok {
			delete(s.ops, m.ID)
			op.cancel()
		}
	default:
		return closeBadMessage, "Invalid message type"
	}
	return 0, ""
}

// subscribe begins an operation, or tells its error. It reads and checks the operation before the next message is read, so
// that a client can't have more of it done at once than one.
func (s *socket) subscribe(m *message) (websocket.StatusCode, string) {
	var p graphql.RawParams
	switch {
	case !s.inited:
		return closeNoInit, "Unauthorized"
	case m.ID == "":
		return closeBadMessage, "Invalid message: subscribe needs an id"
	case s.has(m.ID):
		return closeSameID, "Subscriber for " + shorten(m.ID) + " already exists"
	case decode(strings.NewReader(string(m.Payload)), &p) != nil || p.Query == "":
		return closeBadMessage, "Invalid message: the payload is not {query, variables, …}"
	}
	op, err := s.begin(m.ID)
	if err != nil {
		s.fail(m.ID, gqlerror.List{present(s.ctx, err)})
		return 0, ""
	}
	now := graphql.Now()
	p.ReadTime, p.Headers = graphql.TraceTiming{Start: now, End: now}, s.header
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(s.caller))
	op.cancel = cancel
	operation, errs := s.h.create(ctx, &p)
	ctx = graphql.WithOperationContext(ctx, operation)
	if errs != nil {
		cancel()
		s.fail(m.ID, s.h.exec.DispatchError(ctx, errs).Errors)
		s.ended(m.ID, op)
		return 0, ""
	}
	go s.run(ctx, m.ID, op, operation)
	return 0, ""
}

// shorten keeps a close reason within what a close frame carries.
func shorten(text string) string { return strings.ToValidUTF8(text[:min(64, len(text))], "") }

func (s *socket) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.ops[id]
	return ok
}

func (s *socket) begin(id string) (*running, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, api.Errorf(api.Unavailable, "the wheel is shutting down; connect again")
	case s.n >= s.h.o.Operations:
		s.h.meter.Refuse("operations")
		return nil, api.Errorf(api.ResourceExhausted, "%d operations are under way on this WebSocket, as many as api.graphql.operations allows; complete some, or open another", s.n)
	}
	op := &running{}
	s.ops[id] = op
	s.n++
	return op, nil
}

func (s *socket) ended(id string, op *running) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ops[id] == op {
		delete(s.ops, id)
	}
	if s.n--; s.n == 0 && s.closed {
		close(s.idle)
	}
}

// run tells what an operation answers, to its end.
func (s *socket) run(ctx context.Context, id string, op *running, operation *graphql.OperationContext) {
	defer s.ended(id, op)
	defer op.cancel()
	defer func() {
		if r := recover(); r != nil {
			s.fail(id, gqlerror.List{s.h.panicked(ctx, r)})
		}
	}()
	responses, ctx := s.h.exec.DispatchOperation(ctx, operation)
	for {
		response := responses(ctx)
		if response == nil {
			break
		}
		s.write(&message{ID: id, Type: "next", Payload: encode(response)})
		if operation.Operation.Operation != ast.Subscription {
			break
		}
	}
	if ctx.Err() == nil { // a client that completed it, or is gone, wants no answer
		s.write(&message{ID: id, Type: "complete"})
	}
}

func (s *socket) fail(id string, errs gqlerror.List) {
	body, err := json.Marshal(errs)
	if err != nil {
		body = []byte(`[{"message":"the error cannot be written as JSON"}]`)
	}
	s.write(&message{ID: id, Type: "error", Payload: body})
}

// write sends a message. A client that takes none of it within the stall time is cut off; a long one has longer.
func (s *socket) write(m *message) {
	data, err := json.Marshal(m)
	if err != nil {
		s.bye(websocket.StatusInternalError, "an answer is no JSON")
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.h.o.Stall*time.Duration(1+len(data)/piece))
	defer cancel()
	if err := s.c.Write(ctx, websocket.MessageText, data); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.h.meter.Refuse("stall")
		}
		_ = s.c.CloseNow() // the reader learns of it
	}
}
