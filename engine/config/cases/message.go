package cases

import (
	"encoding/base64"
	"fmt"
	"time"
)

// parse finds out whether the texts of a message can be read.
func (m *Message) parse() error {
	if _, err := m.Bytes(); err != nil {
		return err
	}
	_, err := m.At()
	return err
}

// Bytes is the payload.
func (m *Message) Bytes() ([]byte, error) {
	switch {
	case m.Text != nil:
		return []byte(*m.Text), nil
	case m.Base64 != nil:
		b, err := base64.StdEncoding.DecodeString(*m.Base64)
		if err != nil {
			return nil, fmt.Errorf("payload_base64: %w", err)
		}
		return b, nil
	}
	return m.Payload, nil
}

// At is the message's time; zero when it has none.
func (m *Message) At() (time.Time, error) {
	if m.Time == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, m.Time)
	if err != nil {
		return t, fmt.Errorf("time %q: want RFC 3339, for example 2001-01-01T00:47:00Z", m.Time)
	}
	return t.UTC(), nil
}
