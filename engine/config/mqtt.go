package config

import (
	"strings"

	"github.com/peltonhq/pelton/engine/config/front"
)

// MQTT is a source that MQTT clients publish to.
type MQTT struct {
	Listen       string     `yaml:"listen" json:"listen" jsonschema_description:"HOST:PORT. Port 0 takes a free one. One that is not loopback needs tls, and password_file or tls.client_ca_file. Default 127.0.0.1:1883."`
	Topics       []string   `yaml:"topics,omitempty" json:"topics,omitempty" jsonschema_description:"Filters of the topics that may be published to, for example sensors/+/temperature. Default: all (#)."`
	Key          MQTTKey    `yaml:"key" json:"key" jsonschema_description:"What the key of a message is. field: decode.key. topic: its topic. client: the id of its client. Default field."`
	PasswordFile string     `yaml:"password_file,omitempty" json:"password_file,omitempty" jsonschema_description:"Who may connect: a file of lines USER:HASH, as htpasswd -B writes it; relative to the config file. Default: everybody."`
	TLS          *ServerTLS `yaml:"tls,omitempty" json:"tls,omitempty" jsonschema_description:"Encrypt connections. Default: none."`
	MaxPacket    Size       `yaml:"max_packet" json:"max_packet" jsonschema_description:"Bytes of a packet; a larger one ends its connection. Default 2MiB."`
	MaxClients   int        `yaml:"max_clients" json:"max_clients" jsonschema_description:"Clients that are connected at once. Default 1000."`
	MaxInflight  int        `yaml:"max_inflight" json:"max_inflight" jsonschema_description:"Messages of a client that are not acknowledged yet; no more are read of it. Default 100."`
}

// ServerTLS is the certificate of a listener.
type ServerTLS = front.ServerTLS

// MQTTKey says what the key of a message is.
type MQTTKey string

// The values of [MQTTKey].
const (
	MQTTKeyField  MQTTKey = "field"
	MQTTKeyTopic  MQTTKey = "topic"
	MQTTKeyClient MQTTKey = "client"
)

// DefaultMQTT listens on the loopback address and takes every topic.
func DefaultMQTT() MQTT {
	return MQTT{Listen: "127.0.0.1:1883", Key: MQTTKeyField, MaxPacket: 2 * MiB, MaxClients: 1000, MaxInflight: 100}
}

func (m *MQTT) validate(p *problems, path string, api API, decode Decode) {
	front.HostPort(p, path+".listen", m.Listen)
	if !p.failed(path+".listen") && !api.Insecure && !front.Loopback(m.Listen) {
		switch {
		case m.TLS == nil:
			p.addf(path+".listen", "%q is not a loopback address, and there is no tls; give tls, listen on 127.0.0.1, or allow it with --insecure-bind", m.Listen)
		case m.PasswordFile == "" && m.TLS.ClientCAFile == "":
			p.addf(path+".listen", "%q is not a loopback address, and everybody may connect; give password_file or tls.client_ca_file, listen on 127.0.0.1, or allow everybody with --insecure-bind", m.Listen)
		}
	}
	for i, f := range m.Topics {
		if problem := filterProblem(f); problem != "" {
			p.addf(path+".topics["+itoa(i)+"]", "%q %s", f, problem)
		}
	}
	p.oneOf(path+".key", string(m.Key), string(MQTTKeyField), string(MQTTKeyTopic), string(MQTTKeyClient))
	if !p.failed(path+".key") && m.Key != MQTTKeyField && decode.Key != "" {
		p.addf(path+".key", "%s does not go with decode.key (%s); give one of them", m.Key, decode.Key)
	}
	m.TLS.Validate(p, path+".tls")
	p.least(path+".max_packet", m.MaxPacket, KiB)
	if m.MaxPacket > 256*MiB {
		p.addf(path+".max_packet", "%s is too large; MQTT has at most 256MiB", m.MaxPacket)
	}
	p.between(path+".max_clients", m.MaxClients, 1, 1_000_000)
	p.between(path+".max_inflight", m.MaxInflight, 1, 65_535)
}

// filterProblem tells what is wrong with a topic filter.
func filterProblem(filter string) string {
	if filter == "" {
		return "is empty; want a filter, for example sensors/#"
	}
	levels := strings.Split(filter, "/")
	if levels[0] == "$share" {
		return "is a shared subscription; leave $share and the group out"
	}
	for i, level := range levels {
		switch {
		case level == "#" && i != len(levels)-1:
			return "has # before its last level; want for example sensors/#"
		case level != "#" && level != "+" && strings.ContainsAny(level, "+#"):
			return "has + or # inside a level; they stand alone, for example sensors/+/temperature"
		}
	}
	return ""
}
