package trial

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/peltonhq/pelton"
)

// Message is one message of a sample.
type Message struct {
	ID      string // where it was recorded
	HasKey  bool   // else the key is what decoding finds
	Key     []byte
	Time    time.Time // zero: what decoding finds, or the time of the trial
	Headers []pelton.Header
	Payload []byte
}

// line is a message as a line of a file.
type line struct {
	ID        string          `json:"id,omitempty"`
	Key       *string         `json:"key,omitempty"`
	KeyBase64 []byte          `json:"key_base64,omitempty"`
	Time      time.Time       `json:"time,omitzero"`
	Headers   []header        `json:"headers,omitempty"`
	Payload   json.RawMessage `json:"payload,omitempty"`
	Base64    *[]byte         `json:"payload_base64,omitempty"`
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxLine is the longest line that is read: base64 of the largest message that a wheel can be told to take, and some room.
const maxLine = 1<<30 + 1<<29

// Append adds the message as a line. A payload that is JSON stands as JSON, without spaces between its parts.
func (m *Message) Append(b []byte) ([]byte, error) {
	l := line{ID: m.ID, Time: m.Time}
	switch {
	case m.HasKey && utf8.Valid(m.Key):
		key := string(m.Key)
		l.Key = &key
	case m.HasKey:
		l.KeyBase64 = m.Key
	}
	for _, h := range m.Headers {
		l.Headers = append(l.Headers, header(h))
	}
	if utf8.Valid(m.Payload) && json.Valid(m.Payload) {
		l.Payload = m.Payload
	} else {
		payload := m.Payload
		if payload == nil {
			payload = []byte{}
		}
		l.Base64 = &payload
	}
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	err := e.Encode(l)
	return out.Bytes(), err
}

// Parse is the inverse of [Message.Append].
func Parse(text []byte) (Message, error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return Message{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Message{}, errors.New("more than one JSON object")
	}
	m := Message{ID: l.ID, Time: l.Time}
	switch {
	case l.Key != nil && l.KeyBase64 != nil:
		return m, errors.New("both key and key_base64; want one")
	case l.Key != nil:
		m.HasKey, m.Key = true, []byte(*l.Key)
	case l.KeyBase64 != nil:
		m.HasKey, m.Key = true, l.KeyBase64
	}
	for _, h := range l.Headers {
		m.Headers = append(m.Headers, pelton.Header(h))
	}
	switch {
	case (l.Payload != nil) == (l.Base64 != nil):
		return m, errors.New("want exactly one of payload and payload_base64")
	case l.Payload != nil:
		m.Payload = l.Payload
	default:
		m.Payload = *l.Base64
	}
	return m, nil
}

// Read reads a sample. name is that of its file, for messages.
func Read(r io.Reader, name string) ([]Message, error) {
	var all []Message
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		m, err := Parse(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w; want a line of `pelton record`, for example {\"key\":\"ORD\",\"payload\":{}}", name, n, err)
		}
		all = append(all, m)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return all, nil
}

// ReadFile reads the sample at path.
func ReadFile(path string) ([]Message, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	return Read(f, path)
}
