package wasm

import (
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

// memory is one instance's linear memory: address space of limits.memory, reserved at once and filled in by the
// operating system as the guest touches it, so that growing never copies. It implements wazero's allocator and the
// linear memory in one, since a module has one memory.
type memory struct {
	limit   uint64
	space   []byte
	size    atomic.Int64
	refused bool // a growth was refused since the last call began
}

// reserve takes the address space; false if the system refuses.
func (m *memory) reserve() bool {
	m.space = reserve(m.limit)
	return m.space != nil
}

// Allocate gives wazero the memory that was reserved before: it has no way to fail here.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate grows to size bytes; nil is a refusal.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.space)) {
		m.refused = true
		return nil
	}
	m.size.Store(int64(size))
	return m.space[:size]
}

// Free does nothing: wazero calls it while a call that is being ended still unwinds. The instance gives the space
// back when its last call is over.
func (m *memory) Free() {}

func (m *memory) release() {
	unreserve(m.space)
	m.space = nil
	m.size.Store(0)
}
