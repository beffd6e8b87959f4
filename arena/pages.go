package arena

import "math/bits"

// bitmap has one bit per page.
type bitmap []uint64

func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

func (b bitmap) set(from, n int, to bool) {
	for n > 0 {
		word, bit := from/64, from%64
		take := min(n, 64-bit)
		mask := ^uint64(0) >> (64 - take) << bit
		if to {
			b[word] |= mask
		} else {
			b[word] &^= mask
		}
		from, n = from+take, n-take
	}
}

func (b bitmap) count(from, n int) int {
	sum := 0
	for n > 0 {
		word, bit := from/64, from%64
		take := min(n, 64-bit)
		sum += bits.OnesCount64(b[word] & (^uint64(0) >> (64 - take) << bit))
		from, n = from+take, n-take
	}
	return sum
}

// gap is the first run of n pages in [from, to) that neither b nor the other map has; -1 when there is none. A nil
// other map has nothing.
func (b bitmap) gap(other bitmap, from, to, n int) int {
	start := from // of the run being measured
	for at := from; at < to; {
		word := b[at/64]
		if other != nil {
			word |= other[at/64]
		}
		bit := at % 64
		free := min(bits.TrailingZeros64(word>>bit), 64-bit)
		at += free
		if min(at, to)-start >= n {
			return start
		}
		if free < 64-bit { // the run ends here: go past the pages that are taken
			at += bits.TrailingZeros64(^(word >> (bit + free)))
			start = at
		}
	}
	return -1
}

// union is how many pages are in b or in the other map.
func (b bitmap) union(other bitmap) int {
	sum := 0
	for i, word := range b {
		sum += bits.OnesCount64(word | other[i])
	}
	return sum
}
