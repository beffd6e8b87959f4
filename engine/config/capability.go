package config

// Capabilities are what a plugin is granted beside its messages; nil is not granted.
type Capabilities struct {
	KV *KV `yaml:"kv,omitempty" json:"kv,omitempty" jsonschema_description:"A durable state of its own, keys and values."`
}

// KV bounds a plugin's own state. In a file, {} grants it with the defaults.
type KV struct {
	MaxBytes Size `yaml:"max_bytes" json:"max_bytes" jsonschema_description:"Bytes of all keys and values. Default 64MiB."`
	MaxKey   Size `yaml:"max_key" json:"max_key" jsonschema_description:"Bytes of a key. Default 1KiB."`
}

// DefaultKV has every limit set.
func DefaultKV() KV { return KV{MaxBytes: 64 * MiB, MaxKey: KiB} }

func (c Capabilities) validate(p *problems, path string) {
	if k := c.KV; k != nil {
		p.least(path+".kv.max_bytes", k.MaxBytes, KiB)
		p.least(path+".kv.max_key", k.MaxKey, Size(1))
		if k.MaxKey > 64*KiB && !p.failed(path+".kv") {
			p.addf(path+".kv.max_key", "%s is too large; want at most 64KiB", k.MaxKey)
		}
	}
}
