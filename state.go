package pelton

// Change is one write to a plugin's own durable state, its `kv`; owned. As an emit it takes effect only if the delivery
// is acked (E1).
type Change struct {
	Key    []byte // not empty
	Value  []byte
	Delete bool // the key is removed; Value is nil
}
