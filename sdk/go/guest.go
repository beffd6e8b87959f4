//go:build wasip1

package pelton

import (
	"encoding/binary"
	"runtime/debug"
	"unsafe"
)

// The imports and exports of the ABI, version 1: docs/abi.md.

//go:wasmimport pelton declare
func importDeclare(name, contentType string) int32

//go:wasmimport pelton output
func importOutput(name string) int32

//go:wasmimport pelton field
func importField(name string) int32

//go:wasmimport pelton locate
func importLocate(delivery, field int32, at unsafe.Pointer) int32

//go:wasmimport pelton emit
func importEmit(delivery, output int32, key unsafe.Pointer, keyLen uint32, payload unsafe.Pointer, payloadLen uint32, contentType string) int32

//go:wasmimport pelton settle
func importSettle(delivery int32, token string, decision, flags uint32, nanos int64, reason string) int32

//go:wasmimport pelton text
func importText(delivery, what int32, into unsafe.Pointer, size uint32) int32

//go:wasmimport pelton header
func importHeader(delivery int32, name string, into unsafe.Pointer, size uint32) int32

//go:wasmimport pelton log
func importLog(level int32, line string)

//go:wasmimport pelton fail
func importFail(text string)

//go:wasmimport pelton now
func importNow() int64

// Layout of the descriptors.
const (
	deliverySize = 88
	foldSize     = 48
	absent       = ^uint32(0)
	flagPass     = 1
	flagResponse = 1
	roleHandler  = 1
	roleReducer  = 2
	foldDone     = 1
	foldRefused  = 2
	keepNone     = 1
)

var (
	window []byte
	turn   struct {
		message Message
		out     Out
		open    []bool   // whether the delivery was acked or dead
		keep    [][]byte // what the host reads after the call
	}
)

//go:wasmexport pelton_abi
func exportABI() int32 { return 1 }

// largeWindow is a size in bytes that only a window has in which arenas are shown.
const largeWindow = 8 << 20

//go:wasmexport pelton_window
func exportWindow(size int32) unsafe.Pointer {
	window = make([]byte, size)
	if size > largeWindow {
		// The collector waits until the heap has doubled, and would count the window in: garbage of its size would pile
		// up beyond limits.memory. This much garbage is what a heap without it has.
		debug.SetGCPercent(max(1, int(100*int64(largeWindow)/int64(size))))
	}
	return unsafe.Pointer(unsafe.SliceData(window))
}

//go:wasmexport pelton_init
func exportInit(config unsafe.Pointer, size int32) int32 {
	if err := registered.initialize(imports{}, unsafe.Slice((*byte)(config), size)); err != nil {
		importFail(err.Error())
		return -1
	}
	if registered.reducer != nil {
		return roleReducer
	}
	return roleHandler
}

//go:wasmexport pelton_handle
func exportHandle(refs unsafe.Pointer, n int32) int32 {
	t := &turn
	t.keep, t.open = t.keep[:0], t.open[:0]
	t.message.wheel, t.out.wheel = imports{}, imports{}
	table := unsafe.Slice((*byte)(refs), int(n)*deliverySize)
	for i := range n {
		d := table[int(i)*deliverySize:][:deliverySize:deliverySize]
		after := int32(binary.LittleEndian.Uint32(d[48:]))
		if after >= 0 && !t.open[after] {
			t.open = append(t.open, false)
			continue // key order: the one before it is not acked or dead, so this one stays undecided
		}
		t.message.read(d, i)
		t.out.delivery = i
		v := registered.handler(&t.message, &t.out)
		v.write(d)
		t.open = append(t.open, v.decision == ack || v.decision == dead)
	}
	return 0
}

// read makes m the delivery of descriptor d.
func (m *Message) read(d []byte, index int32) {
	m.index = index
	m.payload = slice(d, 0)
	m.key = nil
	if binary.LittleEndian.Uint32(d[12:]) != absent {
		m.key = slice(d, 8)
	}
	m.attempt = binary.LittleEndian.Uint32(d[16:])
	m.defers = binary.LittleEndian.Uint32(d[20:])
	m.time = int64(binary.LittleEndian.Uint64(d[24:]))
	m.seen = int64(binary.LittleEndian.Uint64(d[32:]))
	m.position = binary.LittleEndian.Uint64(d[40:])
	m.answered = binary.LittleEndian.Uint32(d[60:])&flagResponse != 0
	m.fields = nil
	if n := binary.LittleEndian.Uint32(d[56:]); n > 0 {
		at := binary.LittleEndian.Uint32(d[52:])
		m.fields = unsafe.Slice((*location)(unsafe.Pointer(&window[at])), n)
	}
}

// write puts the verdict into descriptor d; the reason stays reachable until the next call.
func (v Verdict) write(d []byte) {
	var flags uint32
	if v.pass {
		flags = flagPass
	}
	binary.LittleEndian.PutUint32(d[64:], uint32(v.decision))
	binary.LittleEndian.PutUint32(d[68:], flags)
	binary.LittleEndian.PutUint64(d[72:], uint64(v.nanos))
	if v.reason != "" {
		reason := []byte(v.reason)
		turn.keep = append(turn.keep, reason)
		lend(d[80:], reason)
	}
}

//go:wasmexport pelton_reduce
func exportReduce(refs unsafe.Pointer, n int32) int32 {
	turn.keep = turn.keep[:0]
	table := unsafe.Slice((*byte)(refs), int(n)*foldSize)
	for i := range int(n) {
		d := table[i*foldSize:][:foldSize:foldSize]
		next, err := registered.reducer(slice(d, 0), slice(d, 8), slice(d, 16))
		status := uint32(foldDone)
		if err != nil {
			status, next = foldRefused, []byte(err.Error())
		}
		turn.keep = append(turn.keep, next)
		binary.LittleEndian.PutUint32(d[24:], status)
		lend(d[28:], next)
	}
	return 0
}

//go:wasmexport pelton_save
func exportSave(into unsafe.Pointer) int32 {
	if registered.save == nil {
		return keepNone
	}
	s, err := registered.save()
	if err != nil {
		importFail(err.Error())
		return -1
	}
	turn.keep = append(turn.keep[:0], s.Bytes) //pelton:lends the host copies it before the next call
	d := unsafe.Slice((*byte)(into), 12)
	binary.LittleEndian.PutUint32(d, s.Version)
	lend(d[4:], s.Bytes)
	return 0
}

//go:wasmexport pelton_load
func exportLoad(version uint32, state unsafe.Pointer, size int32) int32 {
	if registered.load == nil {
		return keepNone
	}
	if err := registered.load(State{Version: version, Bytes: unsafe.Slice((*byte)(state), size)}); err != nil {
		importFail(err.Error())
		return -1
	}
	return 0
}

// slice is the part of the window that the offset and length at d[at:] name.
func slice(d []byte, at int) []byte {
	offset, length := binary.LittleEndian.Uint32(d[at:]), binary.LittleEndian.Uint32(d[at+4:])
	return window[offset : offset+length : offset+length]
}

// lend writes the address and length of b for the host.
func lend(d, b []byte) {
	binary.LittleEndian.PutUint32(d, uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))))
	binary.LittleEndian.PutUint32(d[4:], uint32(len(b)))
}

// imports is the wheel as the host's imports.
type imports struct{}

var defaultHost wheel = imports{}

func (imports) declare(name, contentType string) int32 { return importDeclare(name, contentType) }
func (imports) output(name string) int32               { return importOutput(name) }
func (imports) field(name string) int32                { return importField(name) }
func (imports) log(level Level, line string)           { importLog(int32(level), line) }
func (imports) now() int64                             { return importNow() }

func (imports) locate(delivery, field int32) location {
	var at location
	importLocate(delivery, field, unsafe.Pointer(&at))
	return at
}

func (imports) emit(delivery, output int32, e emission) {
	keyLen := uint32(len(e.key))
	if e.key == nil {
		keyLen = absent
	}
	importEmit(delivery, output, unsafe.Pointer(unsafe.SliceData(e.key)), keyLen,
		unsafe.Pointer(unsafe.SliceData(e.payload)), uint32(len(e.payload)), e.contentType)
}

func (imports) settle(delivery int32, token string, v Verdict) int32 {
	var flags uint32
	if v.pass {
		flags = flagPass
	}
	return importSettle(delivery, token, uint32(v.decision), flags, v.nanos, v.reason)
}

func (imports) text(delivery, what int32) string {
	s, _ := fill(func(into unsafe.Pointer, size uint32) int32 { return importText(delivery, what, into, size) })
	return s
}

func (imports) header(delivery int32, name string) (string, bool) {
	return fill(func(into unsafe.Pointer, size uint32) int32 { return importHeader(delivery, name, into, size) })
}

// fill asks for a text of unknown length, a second time if the first buffer was too small.
func fill(ask func(into unsafe.Pointer, size uint32) int32) (string, bool) {
	b, ok := fillBytes(ask)
	return string(b), ok
}

// fillBytes is fill for bytes, which are the caller's.
func fillBytes(ask func(into unsafe.Pointer, size uint32) int32) ([]byte, bool) {
	buffer := make([]byte, 256)
	for {
		n := ask(unsafe.Pointer(unsafe.SliceData(buffer)), uint32(len(buffer)))
		if n < 0 {
			return nil, false
		}
		if int(n) <= len(buffer) {
			return buffer[:n], true
		}
		buffer = make([]byte, n)
	}
}
