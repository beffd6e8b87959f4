//go:build wasip1

package pelton

import "unsafe"

// These imports are functions and no methods of wheel, so that a plugin that does not call them does not import them: an
// import of what was not granted is refused.

//go:wasmimport pelton kv_get
func importGet(delivery int32, key unsafe.Pointer, keyLen uint32, into unsafe.Pointer, size uint32) int32

//go:wasmimport pelton kv_put
func importPut(delivery int32, key unsafe.Pointer, keyLen uint32, value unsafe.Pointer, valueLen uint32) int32

//go:wasmimport pelton kv_delete
func importDelete(delivery int32, key unsafe.Pointer, keyLen uint32) int32

//go:wasmimport pelton kv_next
func importNext(delivery int32, prefix unsafe.Pointer, prefixLen uint32, after unsafe.Pointer, afterLen uint32, into unsafe.Pointer, size uint32) int32

func span(b []byte) (at unsafe.Pointer, size uint32) {
	return unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
}

func kvGet(o *Out, key []byte) ([]byte, bool) {
	at, size := span(key)
	return fillBytes(func(into unsafe.Pointer, room uint32) int32 { return importGet(o.delivery, at, size, into, room) })
}

func kvPut(o *Out, key, value []byte) {
	at, size := span(key)
	from, length := span(value)
	importPut(o.delivery, at, size, from, length)
}

func kvDelete(o *Out, key []byte) {
	at, size := span(key)
	importDelete(o.delivery, at, size)
}

func kvNext(o *Out, prefix, after []byte) ([]byte, bool) {
	at, size := span(prefix)
	from, length := span(after)
	return fillBytes(func(into unsafe.Pointer, room uint32) int32 {
		return importNext(o.delivery, at, size, from, length, into, room)
	})
}
