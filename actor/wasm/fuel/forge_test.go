package fuel_test

import "slices"

// forged is a module put together by hand: each section as it is in the binary, missing where it is nil.
type forged [13][]byte

// Opcodes of the tests.
const (
	nop, block, loop, end, brIf, call          = 0x01, 0x02, 0x03, 0x0b, 0x0d, 0x10
	drop, localGet, localTee, i32Const, i32Sub = 0x1a, 0x20, 0x22, 0x41, 0x6b
	void, i32                                  = 0x40, 0x7f
)

func vec(items ...[]byte) []byte {
	return append(number32(len(items)), slices.Concat(items...)...)
}

func number32(n int) []byte {
	var b []byte
	for n >= 0x80 {
		b, n = append(b, byte(n)|0x80), n>>7
	}
	return append(b, byte(n))
}

func sized(b []byte) []byte { return append(number32(len(b)), b...) }

func name(s string) []byte { return sized([]byte(s)) }

// body is a function without locals of its own; its end is added.
func body(code ...byte) []byte { return sized(append(append([]byte{0}, code...), end)) }

func (f forged) bytes(custom ...[]byte) []byte {
	b := []byte("\x00asm\x01\x00\x00\x00")
	for _, id := range []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11} {
		if f[id] != nil {
			b = append(append(b, id), sized(f[id])...)
		}
	}
	for _, c := range custom {
		b = append(append(b, 0), sized(c)...)
	}
	return b
}

// one is a module with the function "f", (i32) -> (), a memory, a table of 10, an import "fuel.free", () -> (), and a leaf,
// function 2, () -> ().
func one(code ...byte) forged {
	f := forged{}
	f[1] = vec([]byte{0x60, 1, i32, 0}, []byte{0x60, 0, 0})
	f[2] = vec(slices.Concat(name("fuel"), name("free"), []byte{0, 1}))
	f[3] = []byte{2, 0, 1}
	f[4] = vec([]byte{0x70, 0, 10})
	f[5] = vec([]byte{0, 100})
	f[7] = vec(append(name("f"), 0, 1))
	f[10] = vec(body(code...), body(nop))
	return f
}

// around is a loop of as many rounds as the parameter says, of 7 instructions and code.
func around(code ...byte) []byte {
	return slices.Concat([]byte{loop, void}, code, []byte{localGet, 0, i32Const, 1, i32Sub, localTee, 0, brIf, 0, end})
}
