package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// pull is a series of pull requests whose messages come to one inbox, in the order in which the server counts them. There
// is always room for all that was asked for and for what the server says beside it, so that the client drops nothing. The
// client's own iterator has room for the messages alone, and drops one when the word that a request is done has its place.
type pull struct {
	lane    *lane
	sub     *natsgo.Subscription
	inbox   chan *natsgo.Msg
	subject string // of the requests
	left    int    // messages that were asked for, and neither came nor were given back
}

// spare is the room for what is no message. Three requests may be open, and each gets a sign of life every heartbeat
// until it expires, and a word at its end.
const spare = 3 * (int(expiry/heartbeat) + 2)

// silence is how long the server may say nothing while a request is open.
const silence = 2 * heartbeat

var errSilence = errors.New("no sign of life of the server")

func newPull(l *lane) (*pull, error) {
	p := &pull{
		lane: l, inbox: make(chan *natsgo.Msg, l.options.MaxMessages+spare),
		subject: "$JS.API.CONSUMER.MSG.NEXT." + l.options.Stream + "." + l.options.Durable,
	}
	var err error
	p.sub, err = l.conn.ChanSubscribe(l.conn.NewInbox(), p.inbox)
	return p, err
}

func (p *pull) close() { _ = p.sub.Unsubscribe() } // it fails where the connection is closed, and the subscription with it

// request asks for messages.
type request struct {
	Expires   time.Duration `json:"expires"`
	Batch     int           `json:"batch"`
	MaxBytes  int           `json:"max_bytes"`
	Heartbeat time.Duration `json:"idle_heartbeat"`
}

// ask sees to it that more messages are on their way when half of them came.
func (p *pull) ask() error {
	most := p.lane.options.MaxMessages
	if p.left >= (most+1)/2 {
		return nil
	}
	text, err := json.Marshal(request{Expires: expiry, Batch: most - p.left, MaxBytes: p.lane.options.MaxBytes, Heartbeat: heartbeat})
	if err != nil {
		return err
	}
	if err := p.lane.conn.PublishRequest(p.subject, p.sub.Subject, text); err != nil {
		return err
	}
	p.left = most
	return nil
}

// ready is the next message if it is there; nil if there is none.
func (p *pull) ready() (*natsgo.Msg, error) {
	for {
		if err := p.ask(); err != nil {
			return nil, err
		}
		select {
		case m := <-p.inbox:
			if m, err := p.take(m); m != nil || err != nil {
				return m, err
			}
		default:
			return nil, nil
		}
	}
}

// next waits for the next message, at most until wait fires, and then it is nil.
func (p *pull) next(ctx context.Context, wait <-chan time.Time) (*natsgo.Msg, error) {
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for {
		if err := p.ask(); err != nil {
			return nil, err
		}
		select {
		case m := <-p.inbox:
			if m, err := p.take(m); m != nil || err != nil {
				return m, err
			}
			quiet.Reset(silence)
		case <-wait:
			return nil, nil
		case <-quiet.C:
			return nil, errSilence
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take is the message, or nil for what the server says beside the messages.
func (p *pull) take(m *natsgo.Msg) (*natsgo.Msg, error) {
	status := ""
	if len(m.Data) == 0 && len(m.Header) > 0 {
		status = m.Header.Get("Status")
	}
	switch status {
	case "":
		p.left--
		return m, nil
	case "100": // a sign of life
		return nil, nil
	}
	return nil, p.over(status, m.Header)
}

// over takes the end of a request: it expired, or its bytes are used up, and the server says how many messages of it will
// not come. Any other end leaves open what was on its way.
func (p *pull) over(status string, h natsgo.Header) error {
	rest, err := strconv.Atoi(h.Get("Nats-Pending-Messages"))
	if (status != "408" && status != "409") || err != nil || rest < 0 {
		return fmt.Errorf("the server ended it with status %s %s", status, h.Get("Description"))
	}
	p.left = max(p.left-rest, 0)
	return nil
}
