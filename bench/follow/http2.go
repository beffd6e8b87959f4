package follow

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// call is a request by HTTP/2 of which each follower makes one.
type call struct {
	head  []byte // depends on nothing before it
	body  []byte // nil: none
	await string
}

// newCall is a call with headers, names and values in turns.
func newCall(await string, body []byte, headers ...string) *call {
	var head bytes.Buffer
	encoder := hpack.NewEncoder(&head)
	encoder.SetMaxDynamicTableSizeLimit(0)
	for i := 0; i < len(headers); i += 2 {
		if err := encoder.WriteField(hpack.HeaderField{Name: headers[i], Value: headers[i+1]}); err != nil {
			panic(err) // a buffer takes everything
		}
	}
	return &call{head: head.Bytes(), body: body, await: await}
}

// open makes a call for each follower. Windows are opened once and for all.
func (c *client) open(what *call, followers int) error {
	c.frames = http2.NewFramer(c.conn, c.conn)
	c.frames.SetReuseFrames()
	_, err := io.WriteString(c.conn, http2.ClientPreface)
	err = errors.Join(err,
		c.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1}),
		c.frames.WriteWindowUpdate(0, 1<<30),
	)
	for i := range followers {
		id := uint32(2*i + 1)
		err = errors.Join(err, c.frames.WriteHeaders(http2.HeadersFrameParam{
			StreamID: id, BlockFragment: what.head, EndHeaders: true, EndStream: what.body == nil,
		}))
		if what.body != nil {
			err = errors.Join(err, c.frames.WriteData(id, true, what.body))
		}
	}
	if err != nil {
		return err
	}
	return c.await(what.await, followers)
}

// frame reads up to one with data.
func (c *client) frame() (who int, text []byte, err error) {
	for {
		frame, err := c.frames.ReadFrame()
		if err != nil {
			return 0, nil, err
		}
		switch f := frame.(type) {
		case *http2.DataFrame:
			return int(f.StreamID / 2), f.Data(), nil
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
			return 0, nil, err
		}
	}
}
