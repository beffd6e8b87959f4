package process

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/peltonhq/pelton/actor"
	pluginv1 "github.com/peltonhq/pelton/api/gen/pelton/plugin/v1"
)

const protocolVersion = 1

// link is the stream with one process, and the server that it attached to. The server is the instance's own, so that
// a process reaches nothing but its instance.
type link struct {
	pluginv1.UnimplementedHostServiceServer

	server   *grpc.Server
	socket   *socket
	log      *logger
	attached chan *pluginv1.Hello
	inbox    chan *pluginv1.AttachRequest // what the process says, one at a time
	closed   chan struct{}                // the process is over
	ended    chan struct{}                // the stream is over
	fault    *actor.Fault                 // what was wrong with it; set before ended is closed
	serving  sync.WaitGroup

	mu     sync.Mutex
	stream grpc.BidiStreamingServer[pluginv1.AttachRequest, pluginv1.AttachResponse] // of the process that attached
}

// newLink listens. largest is the bytes of the largest message that the process may send.
func newLink(log *logger, largest int) (*link, error) {
	s, err := listen()
	if err != nil {
		return nil, err
	}
	const flight = 1 << 20 // bytes on their way before the other side must read
	l := &link{
		socket: s, log: log, attached: make(chan *pluginv1.Hello, 1), inbox: make(chan *pluginv1.AttachRequest),
		closed: make(chan struct{}), ended: make(chan struct{}),
		server: grpc.NewServer(grpc.MaxRecvMsgSize(largest), grpc.MaxConcurrentStreams(4), grpc.WaitForHandlers(true),
			grpc.InitialWindowSize(flight), grpc.InitialConnWindowSize(flight)),
	}
	pluginv1.RegisterHostServiceServer(l.server, l)
	l.serving.Go(func() { _ = l.server.Serve(s) }) // it ends with close
	return l, nil
}

// Attach implements the service: it reads what the process says until the stream ends.
func (l *link) Attach(stream grpc.BidiStreamingServer[pluginv1.AttachRequest, pluginv1.AttachResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	hello := first.GetHello()
	if hello == nil {
		return status.Error(codes.FailedPrecondition, "the first message must be Hello")
	}
	l.mu.Lock()
	taken := l.stream != nil
	if !taken {
		l.stream = stream
	}
	l.mu.Unlock()
	if taken {
		return status.Error(codes.AlreadyExists, "this instance is attached already; a process attaches once")
	}
	defer close(l.ended)
	l.socket.shut()
	l.attached <- hello
	for {
		m, err := stream.Recv()
		if err != nil {
			l.fault = lost(err)
			return nil // it is told by the fault, or by how the process ends
		}
		if line := m.GetLog(); line != nil {
			l.log.line(levels[line.GetLevel()], line.GetText())
			continue
		}
		select {
		case l.inbox <- m:
		case <-l.closed:
			return nil
		}
	}
}

var levels = map[pluginv1.Level]string{
	pluginv1.Level_LEVEL_UNSPECIFIED: "info", pluginv1.Level_LEVEL_DEBUG: "debug", pluginv1.Level_LEVEL_INFO: "info",
	pluginv1.Level_LEVEL_WARN: "warn", pluginv1.Level_LEVEL_ERROR: "error",
}

// lost tells the failures of a stream that are the process's own from its end, which says nothing yet.
func lost(err error) *actor.Fault {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return broken(actor.FaultOutput, "it sent a message that is larger than limits.output allows")
	case codes.Internal:
		return broken(actor.FaultMalformed, "it sent what is no message of the protocol: %s", clean(status.Convert(err).Message(), 256))
	default:
		return nil
	}
}

// send blocks until the message is encoded and there is room for it; the end of the process ends it.
func (l *link) send(m *pluginv1.AttachResponse) error { return l.stream.Send(m) }

// close ends the server and waits for its goroutines. The process must be over.
func (l *link) close() {
	close(l.closed)
	l.server.Stop()
	l.socket.shut()
	l.socket.free()
	l.serving.Wait()
}

// socket is a listener whose path goes away when the process has attached: nothing is left of it if the wheel is
// killed. To the server it stays open until free.
type socket struct {
	net.Listener

	dir  string
	once sync.Once
	over chan struct{}
	end  sync.Once
}

// longest is the length of a path that every system takes as a socket's.
const longest = 100

func listen() (*socket, error) {
	dir, err := os.MkdirTemp("", "pelton-") // 0700: only this user reaches it
	if err == nil && len(dir) > longest {
		_ = os.Remove(dir)
		dir, err = os.MkdirTemp("/tmp", "pelton-")
	}
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", filepath.Join(dir, "s"))
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &socket{Listener: l, dir: dir, over: make(chan struct{})}, nil
}

func (s *socket) path() string { return filepath.Join(s.dir, "s") }

// Accept is that of the listener; after shut it waits for free.
func (s *socket) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if errors.Is(err, net.ErrClosed) {
		<-s.over
	}
	return c, err
}

// Close is called by the server at its end.
func (s *socket) Close() error {
	s.shut()
	s.free()
	return nil
}

// shut takes no further connection.
func (s *socket) shut() {
	s.once.Do(func() {
		_ = s.Listener.Close()
		_ = os.RemoveAll(s.dir)
	})
}

func (s *socket) free() { s.end.Do(func() { close(s.over) }) }
