package revision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/engine/config"
)

// Settings are what the instances of a revision are started with, beside its code.
type Settings struct {
	Config json.RawMessage `json:"config"`
	Limits Limits          `json:"limits"`
}

// Limits are those of one instance.
type Limits struct {
	Memory  config.Size     `json:"memory"`
	Recycle config.Size     `json:"recycle"`
	Time    config.Duration `json:"time"`
	Output  config.Size     `json:"output"`
}

// SettingsOf makes settings of a plugin's config, with its keys in order, so that settings that mean the same are the
// same.
func SettingsOf(c config.JSON, l Limits) Settings {
	s := Settings{Config: json.RawMessage("{}"), Limits: l}
	if len(c) == 0 {
		return s
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(c))
	d.UseNumber() // a number stays as it was written
	if d.Decode(&v) != nil {
		v = string(c) // of a config made in Go: the plugin says what it thinks of it
	}
	s.Config = encode(v)
	return s
}

// Hash tells settings apart.
func (s Settings) Hash() string {
	sum := sha256.Sum256(encode(s))
	return hex.EncodeToString(sum[:])
}

// Version is v with the settings.
func (s Settings) Version(v actor.Version) actor.Version {
	v.Config = s.Config
	v.Limits = &actor.Limits{
		Memory: int64(s.Limits.Memory), Recycle: int64(s.Limits.Recycle), Time: int64(s.Limits.Time), Output: int64(s.Limits.Output),
	}
	return v
}

// text is for people to compare.
func (s Settings) text() string {
	var b bytes.Buffer
	if err := json.Indent(&b, encode(s), "", "  "); err != nil {
		panic("revision: settings are JSON: " + err.Error())
	}
	b.WriteByte('\n')
	return b.String()
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("revision: it is plain data: " + err.Error())
	}
	return b
}
