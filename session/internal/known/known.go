// Package known remembers which keys a store has, in little memory and not exactly. It is pure.
//
// # Usage
//
//	k := known.New(16 << 20)
//	k.Add(key)
//	if !k.May(key) { … } // it was never added
//
// # Ownership
//
// One goroutine at a time adds; once nobody does, any may ask.
package known

import "github.com/bits-and-blooms/bloom/v3"

// Keys tells which keys may have been added, and of most others that they were not.
//
// It grows by layers, each four times as large as the one before, up to a number of bytes; then it knows nothing.
type Keys struct {
	layers []*bloom.BloomFilter
	room   uint // of the last layer
	bytes  uint
	limit  uint
	all    bool // too many: any key may be there
}

const (
	first = 1 << 12 // keys of the first layer
	wrong = 0.001   // share of new keys that are looked up in vain, for each layer
)

// New has room for so many bytes.
func New(limit uint) *Keys { return &Keys{limit: limit} }

// Add makes a key known.
func (k *Keys) Add(key string) {
	if k.all {
		return
	}
	if k.room == 0 && !k.grow() {
		return
	}
	k.layers[len(k.layers)-1].AddString(key)
	k.room--
}

func (k *Keys) grow() bool {
	keys := uint(first) << (2 * len(k.layers))
	m, hashes := bloom.EstimateParameters(keys, wrong)
	if k.bytes+m/8 > k.limit {
		k.layers, k.all = nil, true
		return false
	}
	k.bytes += m / 8
	k.room = keys
	k.layers = append(k.layers, bloom.New(m, hashes))
	return true
}

// Full reports whether there were too many: any key may be there.
func (k *Keys) Full() bool { return k.all }

// May reports whether the key may have been added.
func (k *Keys) May(key string) bool {
	if k.all {
		return true
	}
	for _, l := range k.layers {
		if l.TestString(key) {
			return true
		}
	}
	return false
}
