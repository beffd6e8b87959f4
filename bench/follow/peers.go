package follow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// channel is what is followed at the peers.
const channel = "feed"

// peer is a server out of its parts.
type peer struct {
	give func(message []byte) error
	stop func() error
}

func (p peer) publish(message []byte) error { return p.give(message) }
func (p peer) close() error                 { return p.stop() }

// centrifugal is a node of centrifuge with WebSockets, JSON; each connection is subscribed by the server. A delay gathers
// messages before they are written.
func centrifugal(delay time.Duration) func(context.Context) (server, string, error) {
	return func(context.Context) (server, string, error) {
		node, err := centrifuge.New(centrifuge.Config{})
		if err != nil {
			return nil, "", err
		}
		node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
			return centrifuge.ConnectReply{
				Credentials:   &centrifuge.Credentials{UserID: "u"},
				Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {}},
				WriteDelay:    delay,
				// nobody answers pings here
				PingPongConfig: &centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1},
			}, nil
		})
		if err := node.Run(); err != nil {
			return nil, "", err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, "", err
		}
		s := &http.Server{Handler: centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}), ReadHeaderTimeout: time.Minute}
		go func() { _ = s.Serve(l) }()
		give := func(message []byte) error {
			_, err := node.Publish(channel, message)
			return err
		}
		return peer{give, func() error { return errors.Join(node.Shutdown(context.Background()), s.Close()) }}, l.Addr().String(), nil
	}
}

// natsCore is a NATS server without JetStream; its publisher is a connection within the process.
func natsCore(context.Context) (server, string, error) {
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, PingInterval: time.Hour})
	if err != nil {
		return nil, "", err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return nil, "", errors.New("nats: not ready within 10 s")
	}
	c, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return nil, "", err
	}
	give := func(message []byte) error { return errors.Join(c.Publish(channel, message), c.Flush()) }
	return peer{give, func() error {
		c.Close()
		s.Shutdown()
		s.WaitForShutdown()
		return nil
	}}, s.Addr().String(), nil
}

// plain is what one writes with grpc-go: a stream for each follower, with a queue, encoded for each.
type plain struct {
	mu     sync.RWMutex
	queues map[chan *wrapperspb.BytesValue]struct{}
}

// plainMethod is where the followers call it.
const plainMethod = "/bench.Feed/Follow"

func plainGRPC(context.Context) (server, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	p := &plain{queues: map[chan *wrapperspb.BytesValue]struct{}{}}
	s := grpc.NewServer()
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Feed",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "Follow", ServerStreams: true, Handler: p.follow}},
	}, p)
	go func() { _ = s.Serve(l) }()
	return peer{p.give, func() error { s.Stop(); return nil }}, l.Addr().String(), nil
}

func (p *plain) follow(_ any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(wrapperspb.BytesValue)); err != nil {
		return err
	}
	queue := make(chan *wrapperspb.BytesValue, 2*window)
	p.mu.Lock()
	p.queues[queue] = struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.queues, queue)
	}()
	if err := stream.SendMsg(wrapperspb.Bytes([]byte("hello"))); err != nil {
		return err
	}
	for {
		select {
		case m := <-queue:
			if err := stream.SendMsg(m); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return nil
		}
	}
}

func (p *plain) give(message []byte) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m := wrapperspb.Bytes(message)
	for queue := range p.queues {
		select {
		case queue <- m:
		default:
			return fmt.Errorf("a follower is %d messages behind", cap(queue))
		}
	}
	return nil
}

// floor is the least that net/http holds for a stream of events: it writes one and waits.
func floor(secret bool) func(context.Context) (server, string, error) {
	return func(context.Context) (server, string, error) { return openFloor(secret) }
}

func openFloor(secret bool) (server, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "event: hello\ndata:\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})}
	serve, err := serving(s, secret)
	if err != nil {
		return nil, "", err
	}
	go func() { _ = serve(l) }()
	return peer{func([]byte) error { return errors.ErrUnsupported }, s.Close}, l.Addr().String(), nil
}
