package wasm_test

// forge assembles small WebAssembly modules, for what no SDK would build.
type forge struct {
	pages     int  // of memory, at least
	locals    byte // of pelton_handle beside its parameters, all i32
	imports   []symbol
	functions []function
	noMemory  bool
	table     []byte // the section of tables
	start     []byte // the section of the start function
	frame     int    // locals of each function, of 64 bits
}

type symbol struct {
	module, name string
	params       int // all i32
	result       bool
}

type function struct {
	export string
	params int // all i32
	result bool
	code   []byte // without the end
}

// Opcodes.
const (
	opUnreachable = 0x00
	opLoop        = 0x03
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opCall        = 0x10
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opI32Store    = 0x36
	opI32Const    = 0x41
	opI32Add      = 0x6a
	opI32Sub      = 0x6b
	void          = 0x40
)

// i32c is i32.const v.
func i32c(v int32) []byte {
	b := []byte{opI32Const}
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func leb(n int) []byte {
	var b []byte
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func section(id byte, items ...[]byte) []byte {
	body := join(append([][]byte{leb(len(items))}, items...)...)
	return join([]byte{id}, leb(len(body)), body)
}

func name(s string) []byte { return append(leb(len(s)), s...) }

func shape(params int, result bool) []byte {
	b := append([]byte{0x60}, leb(params)...)
	for range params {
		b = append(b, 0x7f)
	}
	if result {
		return append(b, 1, 0x7f)
	}
	return append(b, 0)
}

// bytes is the module.
func (f forge) bytes() []byte {
	var types, imports, functions, exports, code [][]byte
	for i, s := range f.imports {
		types = append(types, shape(s.params, s.result))
		imports = append(imports, join(name(s.module), name(s.name), []byte{0}, leb(i)))
	}
	for i, fn := range f.functions {
		types = append(types, shape(fn.params, fn.result))
		functions = append(functions, leb(len(f.imports)+i))
		exports = append(exports, join(name(fn.export), []byte{0}, leb(len(f.imports)+i)))
		locals := []byte{0}
		if fn.export == "pelton_handle" && f.locals > 0 {
			locals = []byte{1, f.locals, 0x7f}
		}
		if f.frame > 0 {
			locals = join([]byte{1}, leb(f.frame), []byte{0x7e})
		}
		body := join(locals, fn.code, []byte{opEnd})
		code = append(code, join(leb(len(body)), body))
	}
	if !f.noMemory {
		exports = append(exports, join(name("memory"), []byte{2, 0}))
	}
	return join([]byte("\x00asm\x01\x00\x00\x00"), section(1, types...), section(2, imports...), section(3, functions...), f.table,
		section(5, append([]byte{0}, leb(f.pages)...)), section(7, exports...), f.start, section(10, code...))
}

// with is the module with one export replaced.
func (f forge) with(fn function) forge {
	functions := append([]function(nil), f.functions...)
	for i := range functions {
		if functions[i].export == fn.export {
			functions[i] = fn
			f.functions = functions
			return f
		}
	}
	f.functions = append(functions, fn)
	return f
}

// without is the module lacking one export.
func (f forge) without(export string) forge {
	var functions []function
	for _, fn := range f.functions {
		if fn.export != export {
			functions = append(functions, fn)
		}
	}
	f.functions = functions
	return f
}

const place = 1024 // of the window

// plain is a plugin that acks everything: it writes 1 into the decision of each descriptor.
func plain() forge {
	decide := join(
		[]byte{opLoop, void},
		[]byte{opLocalGet, 0}, i32c(1), []byte{opI32Store, 2, 64},
		[]byte{opLocalGet, 0}, i32c(88), []byte{opI32Add, opLocalSet, 0},
		[]byte{opLocalGet, 1}, i32c(1), []byte{opI32Sub, 0x22, 1, opBrIf, 0},
		[]byte{opEnd}, i32c(0),
	)
	return forge{pages: 40, functions: []function{
		{"pelton_abi", 0, true, i32c(1)},
		{"pelton_window", 1, true, i32c(place)},
		{"pelton_init", 2, true, i32c(1)},
		{"pelton_handle", 2, true, decide},
	}}
}

func noop() []byte { return plain().bytes() }
