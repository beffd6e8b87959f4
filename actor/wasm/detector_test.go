//go:build !race

package wasm_test

// detector says that the race detector is on: it multiplies what the host does for a guest.
const detector = false
