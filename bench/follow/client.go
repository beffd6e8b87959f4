package follow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// dialect is how a follower speaks to its server.
type dialect struct {
	steps []step
	http2 bool // what comes is in frames of HTTP/2
}

// step is said, and then awaited.
type step struct{ say, await string }

// patience is how long anything may take.
const patience = time.Minute

func overSSE(coalesce time.Duration) dialect {
	query := url.Values{"from": {"now"}}
	if coalesce > 0 {
		query.Set("coalesce", coalesce.String())
	}
	return dialect{steps: []step{{
		fmt.Sprintf("GET /v1/sessions/%s/%s/events?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", sessionName, sessionKey, query.Encode()), "event: hello",
	}}}
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

// overHTTP2 is a call of grpc with one message. The follower opens its windows once and for all.
func overHTTP2(method string, message proto.Message, await string) dialect {
	var text, head bytes.Buffer
	text.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&text, nil)
	body, err := proto.Marshal(message)
	encoder := hpack.NewEncoder(&head)
	for _, h := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "127.0.0.1"},
		{"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		err = errors.Join(err, encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}))
	}
	prefix := []byte{0, 0, 0, 0, byte(len(body))}
	err = errors.Join(err,
		f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1}),
		f.WriteWindowUpdate(0, 1<<30),
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true}),
		f.WriteData(1, true, append(prefix, body...)),
	)
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return dialect{steps: []step{{text.String(), await}}, http2: true}
}

// followRPC is the call that follows the session.
func followRPC(coalesce time.Duration) dialect {
	r := wire.Follow(api.FollowRequest{Name: sessionName, Key: sessionKey, From: api.FromNow, Coalesce: coalesce})
	return overHTTP2(peltonv1.SessionService_Follow_FullMethodName, r, "\x12") // the hello of a frame
}

// client is one follower.
type client struct {
	conn   net.Conn
	frames *http2.Framer // nil: what comes is the text
	buf    []byte
}

// dial connects a follower and waits until it follows.
func dial(address string, d dialect, buffer int) (c *client, err error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	c = &client{conn: conn, buf: make([]byte, buffer)}
	if d.http2 {
		c.frames = http2.NewFramer(conn, conn)
		c.frames.SetReuseFrames()
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	for _, s := range d.steps {
		if _, err := io.WriteString(conn, s.say); err != nil {
			return nil, err
		}
		var got strings.Builder
		for !strings.Contains(got.String(), s.await) {
			text, err := c.read()
			if err != nil {
				return nil, fmt.Errorf("%w, behind %.400q", err, got.String())
			}
			got.Write(text)
		}
	}
	return c, conn.SetReadDeadline(time.Time{})
}

// read is what came; valid until the next one.
func (c *client) read() ([]byte, error) {
	if c.frames == nil {
		n, err := c.conn.Read(c.buf)
		return c.buf[:n], err
	}
	for {
		frame, err := c.frames.ReadFrame()
		if err != nil {
			return nil, err
		}
		switch f := frame.(type) {
		case *http2.DataFrame:
			return f.Data(), nil
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = c.frames.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				err = c.frames.WritePing(true, f.Data)
			}
		case *http2.HeadersFrame:
			if f.StreamEnded() {
				err = io.ErrUnexpectedEOF
			}
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			err = fmt.Errorf("the stream ended: %v", frame)
		}
		if err != nil {
			return nil, err
		}
	}
}

// close resets the connection, so that nothing of it waits in the kernel.
func (c *client) close() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.conn.Close()
}
