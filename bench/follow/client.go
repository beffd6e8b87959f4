package follow

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// dialect is how followers speak to their server.
type dialect struct {
	steps   []step
	call    *call // by HTTP/2, instead of steps
	streams int   // followers that share a connection, by HTTP/2; 0: one
	secret  bool  // by TLS
}

// step is said, and then awaited.
type step struct{ say, await string }

// patience is how long anything may take.
const patience = time.Minute

func overSSE(coalesce time.Duration) dialect {
	return dialect{steps: []step{{"GET " + eventsPath(coalesce) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "event: hello"}}}
}

// shared is SSE as browsers follow: many on a connection.
func shared() dialect {
	return dialect{secret: true, streams: 100, call: newCall("event: hello", nil, ":method", "GET", ":scheme", "https", ":path", eventsPath(0), ":authority", "127.0.0.1")}
}

func eventsPath(coalesce time.Duration) string {
	query := url.Values{"from": {"now"}}
	if coalesce > 0 {
		query.Set("coalesce", coalesce.String())
	}
	return fmt.Sprintf("/v1/sessions/%s/%s/events?%s", sessionName, sessionKey, query.Encode())
}

var overWebSocket = dialect{steps: []step{
	{"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", "\r\n\r\n"},
	{masked(`{"id":1,"connect":{}}`), `"subs"`},
}}

// masked is a text frame of a WebSocket; its mask is zero.
func masked(text string) string {
	return string(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
}

var overNATS = dialect{steps: []step{
	{"", "INFO"},
	{"CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + channel + " 1\r\nPING\r\n", "PONG"},
}}

// overHTTP2 is a call of grpc with one message.
func overHTTP2(method string, message proto.Message, await string) dialect {
	body, err := proto.Marshal(message)
	if err != nil {
		panic(err) // it is one of ours
	}
	body = append([]byte{0, 0, 0, 0, byte(len(body))}, body...)
	return dialect{call: newCall(await, body,
		":method", "POST", ":scheme", "http", ":path", method, ":authority", "127.0.0.1", "content-type", "application/grpc", "te", "trailers")}
}

// followRPC is the call that follows the session.
func followRPC(coalesce time.Duration) dialect {
	r := wire.Follow(api.FollowRequest{Name: sessionName, Key: sessionKey, From: api.FromNow, Coalesce: coalesce})
	return overHTTP2(peltonv1.SessionService_Follow_FullMethodName, r, "\x12") // the hello of a frame
}

// client is a connection with its followers.
type client struct {
	conn   net.Conn
	frames *http2.Framer // nil: what comes is the text
	buf    []byte
}

// dial connects followers and waits until they follow.
func dial(address string, d dialect, buffer, followers int) (c *client, err error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	c = &client{conn: conn, buf: make([]byte, buffer)}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if d.secret {
		c.conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) // of a certificate made a moment ago
	}
	if d.call != nil {
		err = c.open(d.call, followers)
	}
	for _, s := range d.steps {
		if _, err := io.WriteString(c.conn, s.say); err != nil {
			return nil, err
		}
		if err := c.await(s.await, 1); err != nil {
			return nil, err
		}
	}
	return c, errors.Join(err, conn.SetReadDeadline(time.Time{}))
}

// await reads until each follower was told a word.
func (c *client) await(word string, followers int) error {
	got := make([]strings.Builder, followers)
	for waiting := followers; waiting > 0; {
		who, text, err := c.read()
		if err != nil {
			return fmt.Errorf("%w, behind %.400q", err, got[0].String())
		}
		before := strings.Contains(got[who].String(), word)
		got[who].Write(text)
		if !before && strings.Contains(got[who].String(), word) {
			waiting--
		}
	}
	return nil
}

// read is what came for a follower; valid until the next one.
func (c *client) read() (who int, text []byte, err error) {
	if c.frames == nil {
		n, err := c.conn.Read(c.buf)
		return 0, c.buf[:n], err
	}
	return c.frame()
}

// close resets the connection, so that nothing of it waits in the kernel.
func (c *client) close() {
	conn := c.conn
	if secret, ok := conn.(*tls.Conn); ok {
		conn = secret.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
