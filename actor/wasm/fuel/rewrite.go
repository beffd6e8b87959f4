package fuel

import "bytes"

// Options are what the rewriter puts into a module.
type Options struct {
	// Module and Name are the import by which the guest asks for more: a function () -> i32 that answers how many
	// units it may go on for, 0 or more.
	Module, Name string
	// Elements is the most elements that the module's own tables may have together, each 8 bytes of the host. A module
	// that declares more is refused, and a table that could grow further can't. Zero leaves the tables as they are.
	Elements uint32
}

// Rewrite gives a module that does what the one given does and asks the host now and then whether it may go on. The
// error is an *Error. Rewrite checks of a module's validity only what it needs: let an engine validate both the module
// and the result, but after Rewrite took it, since that bounds what a module can make an engine allocate. It is pure and
// keeps nothing.
func Rewrite(module []byte, o Options) ([]byte, error) {
	if len(module) < 8 || !bytes.Equal(module[:8], header) {
		return nil, &Error{Err: malformed("it does not begin like a WebAssembly module of version 1")}
	}
	m := &rewriter{options: o, out: make([]byte, 0, len(module)+len(module)/4+64), growth: freeGrowth + len(module)/shareGrowth}
	m.out = append(m.out, header...)
	r := reader{b: module, at: len(header)}
	for r.more() {
		id := r.byte()
		size := r.u32()
		at := r.at
		body := r.bytes(size)
		if r.err != nil {
			return nil, &Error{Section: "header", Offset: at, Err: r.err}
		}
		s := reader{b: body}
		if m.section(id, &s); s.err != nil {
			return nil, &Error{Section: sectionName(id), Offset: at + s.at, Err: s.err}
		}
	}
	m.missing(lastRank)
	m.names()
	if m.code < len(m.functions) {
		return nil, &Error{Section: "code", Offset: len(module), Err: malformed("%d functions have no body", len(m.functions)-m.code)}
	}
	return m.out, nil
}

// Bare is a module that Rewrite took, without its custom sections: what an engine is to validate. They have no part in
// what a module does, and engines make room for lists of names, too, before they read them.
func Bare(module []byte) []byte {
	out := append(make([]byte, 0, len(module)), module[:len(header)]...)
	for r := (reader{b: module, at: len(header)}); r.more(); {
		from := r.at
		id := r.byte()
		r.bytes(r.u32())
		if r.err != nil {
			return append(out, module[from:]...)
		}
		if id != secCustom {
			out = append(out, module[from:r.at]...)
		}
	}
	return out
}

var header = []byte("\x00asm\x01\x00\x00\x00")

// rewriter is a module on its way through.
type rewriter struct {
	options   Options
	out       []byte
	rank      int      // of the last section
	types     []uint32 // parameters of each type
	imported  int      // functions; the import that is added has this index, and the module's own move up by one
	functions []uint32 // type of each of the module's own
	globals   int      // and the index of the one that is added
	tables    int
	own       int    // tables that are the module's own
	code      int    // bodies seen
	locals    uint64 // of those
	named     []byte // the section of names
	get, ask  []byte // code that reads the fuel; that stores it and asks for more when it is below 0
	growth    int    // bytes by which unrolled loops may make it longer
	meter     meter  // reused from body to body
}

// Sections, and the rank of each: they come in order, each once, but for custom ones.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
	secTag
)

var ranks = [...]int{secType: 1, secImport: 2, secFunction: 3, secTable: 4, secMemory: 5, secGlobal: 6, secExport: 7, secStart: 8, secElement: 9, secDataCount: 10, secCode: 11, secData: 12}

const lastRank = 13

func sectionName(id byte) string {
	names := [...]string{"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "datacount", "tag"}
	if int(id) < len(names) {
		return names[id]
	}
	return "unknown"
}

// section writes what becomes of one section.
func (m *rewriter) section(id byte, r *reader) {
	if id == secCustom {
		m.custom(r)
		return
	}
	if id == secTag {
		r.failf(ErrUnsupported, "exceptions")
		return
	}
	if int(id) >= len(ranks) {
		r.failf(ErrUnsupported, "a section of the kind %d", id)
		return
	}
	rank := ranks[id]
	if rank <= m.rank {
		r.failf(ErrMalformed, "it is there twice, or in the wrong place")
		return
	}
	m.missing(rank)
	m.rank = rank
	write := [...]func(*rewriter, *reader) []byte{
		secType: (*rewriter).typeSection, secImport: (*rewriter).importSection, secFunction: (*rewriter).functionSection,
		secTable: (*rewriter).tableSection, secMemory: (*rewriter).memorySection, secGlobal: (*rewriter).globalSection,
		secExport: (*rewriter).exportSection, secStart: (*rewriter).startSection, secElement: (*rewriter).elementSection,
		secCode: (*rewriter).codeSection, secData: (*rewriter).dataSection, secDataCount: (*rewriter).same,
	}[id]
	body := write(m, r)
	if r.err == nil && r.at != len(r.b) {
		r.failf(ErrMalformed, "%d bytes are left over", len(r.b)-r.at)
	}
	m.write(id, body)
}

func (m *rewriter) write(id byte, body []byte) {
	m.out = append(m.out, id)
	m.out = leb(m.out, uint32(len(body)))
	m.out = append(m.out, body...)
}

// missing writes the sections before rank that the module does not have and its rewritten form does.
func (m *rewriter) missing(rank int) {
	for _, id := range []byte{secType, secImport, secGlobal} {
		if at := ranks[id]; m.rank < at && at < rank {
			m.rank = at
			empty := reader{b: []byte{0}}
			switch id {
			case secType:
				m.write(id, m.typeSection(&empty))
			case secImport:
				m.write(id, m.importSection(&empty))
			case secGlobal:
				m.write(id, m.globalSection(&empty))
			}
		}
	}
}

// same is a section in which nothing changes.
func (m *rewriter) same(r *reader) []byte { return r.bytes(uint32(len(r.b))) }
