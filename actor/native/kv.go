package native

import "iter"

// KV is the plugin's durable state during one delivery, see [Out.KV]. The plugin must be granted `capabilities.kv`;
// without it the delivery fails, as it does over a limit.
//
// A read sees this delivery's own changes, and those of every delivery that was acked before by this instance, durable or
// not. Changes take effect with Ack, all of a delivery's or none, and once (E1).
type KV struct{ out *Out }

// KV is the plugin's durable state.
func (o *Out) KV() KV { return KV{o} }

// Get is the value of a key; nil and false when there is none. It is borrowed until Handle returns.
func (s KV) Get(key []byte) (value []byte, ok bool) {
	o := s.out
	if o.err != nil {
		return nil, false
	}
	value, ok, o.err = o.turn.Get(o.kv, o.delivery, key)
	return value, ok
}

// Put sets a key. Both are copied. They count to limits.output as an emit does.
func (s KV) Put(key, value []byte) {
	if o := s.out; o.err == nil {
		o.err = o.turn.Put(o.kv, o.delivery, key, value)
	}
}

// Delete removes a key, which need not be there.
func (s KV) Delete(key []byte) {
	if o := s.out; o.err == nil {
		o.err = o.turn.Delete(o.kv, o.delivery, key)
	}
}

// Keys yields the keys that begin with prefix, in the order of their bytes. Keys may be put and removed on the way.
func (s KV) Keys(prefix []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		o := s.out
		for after := []byte(nil); o.err == nil; {
			var ok bool
			after, ok, o.err = o.turn.Next(o.kv, o.delivery, prefix, after)
			if o.err != nil || !ok || !yield(after) {
				return
			}
		}
	}
}
