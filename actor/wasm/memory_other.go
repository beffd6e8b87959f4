//go:build !unix

package wasm

// reserve makes size bytes of zeroes on the heap.
func reserve(size uint64) []byte { return make([]byte, size) }

func unreserve([]byte) {}
