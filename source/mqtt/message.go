package mqtt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source/ingest"
)

// Key says what the key of a message is.
type Key string

// The keys. Empty means KeyField.
const (
	KeyField  Key = "field" // that of the source's decode
	KeyTopic  Key = "topic"
	KeyClient Key = "client"
)

// Headers of a message, before the user properties of its PUBLISH.
const (
	HeaderTopic       = "mqtt-topic"
	HeaderClient      = "mqtt-client"
	HeaderUser        = "mqtt-user"
	HeaderQoS         = "mqtt-qos"
	HeaderRetain      = "mqtt-retain"
	HeaderWill        = "mqtt-will" // the client went without a DISCONNECT
	HeaderContentType = "Content-Type"
	HeaderResponse    = "mqtt-response-topic"
)

// keep is how much is kept of a message that is too large.
const keep = 64 << 10

// message is a PUBLISH as it is stored.
func (o *Options) message(client, user string, pk *packets.Packet, will bool) ingest.Message {
	m := ingest.Message{Payload: pk.Payload}
	switch o.Key {
	case KeyTopic:
		m.Key = []byte(pk.TopicName)
	case KeyClient:
		m.Key = []byte(client)
	case KeyField:
	}
	add := func(name, value string) {
		if value != "" {
			m.Headers = append(m.Headers, pelton.Header{Name: name, Value: value})
		}
	}
	add(HeaderTopic, pk.TopicName)
	add(HeaderClient, client)
	add(HeaderUser, user)
	add(HeaderQoS, strconv.Itoa(int(pk.FixedHeader.Qos)))
	if pk.FixedHeader.Retain {
		add(HeaderRetain, "1")
	}
	if will {
		add(HeaderWill, "1")
	}
	add(HeaderContentType, pk.Properties.ContentType)
	add(HeaderResponse, pk.Properties.ResponseTopic)
	for _, p := range pk.Properties.User {
		m.Headers = append(m.Headers, pelton.Header{Name: p.Key, Value: p.Val})
	}
	if n := int64(len(m.Payload) + len(m.Key)); n > o.MaxMessage {
		sum := sha256.Sum256(m.Payload)
		m.Bad = &decode.Bad{
			Reason: fmt.Sprintf("too large: %d bytes with its key, max_message is %d", n, o.MaxMessage),
			Length: int64(len(m.Payload)), SHA256: hex.EncodeToString(sum[:]),
		}
		m.Key, m.Payload = nil, m.Payload[:min(keep, len(m.Payload), int(o.MaxMessage))]
	}
	return m
}
