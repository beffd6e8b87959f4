package pelton

import "iter"

// KV is the plugin's durable state: keys and values that its instances share, and that survive restarts and swaps. The
// config grants it by `capabilities: {kv: {}}`; a plugin that uses it and was not granted it does not start.
//
// A read sees what this message changed, and what every message changed that was acked before by this instance. Changes
// take effect with [Ack], all of a message's or none, and once, however often the message is offered: a counter counts
// right. Two instances of a plugin may change one key at the same time, and one change is lost then; messages of one key
// are always handled by the same instance, so use the message's key in the state's, or one instance.
type KV struct{ out *Out }

// KV is the plugin's durable state, as the message being handled sees it.
func (o *Out) KV() KV { return KV{o} }

// Get is the value of a key; nil and false when there is none. It is the caller's.
func (s KV) Get(key []byte) (value []byte, ok bool) { return kvGet(s.out, key) }

// Put sets a key. Both are copied, and count to `limits.output`. Over that, over `capabilities.kv.max_bytes` or with a key
// that is empty or too long the message fails.
func (s KV) Put(key, value []byte) { kvPut(s.out, key, value) }

// Delete removes a key, which need not be there.
func (s KV) Delete(key []byte) { kvDelete(s.out, key) }

// Keys yields the keys that begin with prefix, in the order of their bytes. Keys may be put and removed on the way.
func (s KV) Keys(prefix []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var after []byte
		for {
			key, ok := kvNext(s.out, prefix, after)
			if !ok || !yield(key) {
				return
			}
			after = key
		}
	}
}
