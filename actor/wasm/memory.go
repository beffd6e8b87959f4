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
	room    uint64 // address space beyond the limit, for what the guest is only shown
	granted uint64 // of it, once the guest is asked for a window with that room
	space   []byte
	size    atomic.Int64 // of what is the guest's own
	refused bool         // a growth was refused since the last call began
}

// reserve takes the address space; false if the system refuses.
func (m *memory) reserve() bool {
	m.space = reserve(m.limit + m.room)
	return m.space != nil
}

// Allocate gives wazero the memory that was reserved before: it has no way to fail here.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate grows to size bytes; nil is a refusal.
func (m *memory) Reallocate(size uint64) []byte {
	if size > m.limit+m.granted {
		m.refused = true
		return nil
	}
	m.size.Store(int64(size - min(size, m.granted)))
	return m.space[:size]
}

// grant allows the guest n bytes that are not its own.
func (m *memory) grant(n uint64) {
	size := uint64(m.size.Load()) + m.granted
	m.granted = n
	m.size.Store(int64(size - min(size, n)))
}

// Free does nothing: wazero calls it while a call that is being ended still unwinds. The instance gives the space
// back when its last call is over.
func (m *memory) Free() {}

func (m *memory) release() {
	unreserve(m.space)
	m.space = nil
	m.size.Store(0)
}
