package arena

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Mapping is the memory of an open arena as a file, for whoever shows it in another place as well: package wasm lays it
// over the windows of guests. There is none where arenas have anonymous memory.
//
// A message is found in it by the address of its bytes. A View could say where they lie, but then every look at a
// message would carry what only large payloads need.
type Mapping struct {
	name string
	base uintptr
	size uintptr
	file int
	gone atomic.Bool // BEFORE the memory is given back: its addresses may be another arena's then
}

// Name is that of the arena.
func (m *Mapping) Name() string { return m.name }

// Size is the length of the file in bytes; it never changes.
func (m *Mapping) Size() int64 { return int64(m.size) }

// File is the descriptor to map. It stays open while a message of the arena is lent.
func (m *Mapping) File() int { return m.file }

// Gone reports whether the arena was closed. A mapping of the file stays valid, and shows nothing new any more.
func (m *Mapping) Gone() bool { return m.gone.Load() }

// Offset is where b lies in the file; ok is false when it does not lie there. The caller must have a reference to b's
// message.
func (m *Mapping) Offset(b []byte) (offset int64, ok bool) {
	at := address(b) - m.base
	if at >= m.size || uintptr(len(b)) > m.size-at || m.gone.Load() {
		return 0, false
	}
	return int64(at), true
}

// address is only compared: nothing is reached through it.
func address(b []byte) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b))) //nolint:gosec // what makes it safe stands above
}

// mappings are those of all open arenas.
var mappings published

// published is a list that readers take as it is: a change makes a new one.
type published struct {
	mutex sync.Mutex
	list  atomic.Pointer[[]*Mapping]
}

func (p *published) change(to func([]*Mapping) []*Mapping) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var list []*Mapping
	if old := p.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = to(list)
	p.list.Store(&list)
}

// Find is the arena memory that b lies in, nil if it lies in none that can be mapped. The caller must have a reference to
// b's message.
func Find(b []byte) *Mapping {
	list := mappings.list.Load()
	if list == nil || len(b) == 0 {
		return nil
	}
	for _, m := range *list {
		if _, ok := m.Offset(b); ok {
			return m
		}
	}
	return nil
}

// publish lets Find find the memory; nil if it is no file.
func publish(name string, m *memory) *Mapping {
	file, ok := m.descriptor()
	if !ok {
		return nil
	}
	p := &Mapping{name: name, base: address(m.bytes), size: uintptr(len(m.bytes)), file: file}
	mappings.change(func(list []*Mapping) []*Mapping { return append(list, p) })
	return p
}

// withdraw undoes publish.
func (m *Mapping) withdraw() {
	if m == nil {
		return
	}
	m.gone.Store(true)
	mappings.change(func(list []*Mapping) []*Mapping {
		return slices.DeleteFunc(list, func(other *Mapping) bool { return other == m })
	})
}
