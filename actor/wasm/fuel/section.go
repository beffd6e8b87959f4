package fuel

import "fmt"

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// list begins a section that is a list with more items than it had.
func list(r *reader, more int) (out []byte, count int) {
	count = r.count()
	return leb(make([]byte, 0, len(r.b)+32), uint32(count+more)), count
}

// typeSection adds the type of the import, () -> i32, at the end.
func (m *rewriter) typeSection(r *reader) []byte {
	out, count := list(r, 1)
	at := r.at
	for range count {
		if form := r.byte(); r.err == nil && form != 0x60 {
			r.failf(ErrUnsupported, "a type that is no function (garbage collection)")
		}
		params := r.count()
		for range params {
			r.valueType()
		}
		for range r.count() {
			r.valueType()
		}
		if r.err != nil {
			return nil
		}
		m.types = append(m.types, uint32(params))
	}
	out = append(out, r.b[at:r.at]...)
	return append(out, 0x60, 0, 1, typeI32)
}

// Kinds of imports and exports.
const (
	kindFunction = iota
	kindTable
	kindMemory
	kindGlobal
	kindTag
)

// importSection adds the import behind the module's own, so that only its own functions move.
func (m *rewriter) importSection(r *reader) []byte {
	out, count := list(r, 1)
	at := r.at
	for range count {
		module, name := r.name(), r.name()
		if r.err == nil && module == m.options.Module && name == m.options.Name {
			r.failf(ErrUnsupported, "the import %s.%s, which is the host's", module, name)
		}
		switch kind := r.byte(); kind {
		case kindFunction:
			r.index("type", len(m.types))
			m.imported++
		case kindTable:
			r.referenceType()
			r.limits()
			m.tables++
		case kindMemory:
			r.limits()
		case kindGlobal:
			r.valueType()
			r.byte()
			m.globals++
		case kindTag:
			r.failf(ErrUnsupported, "exceptions")
		default:
			r.failf(ErrMalformed, "an import of the kind %d", kind)
		}
		if r.err != nil {
			return nil
		}
	}
	out = append(out, r.b[at:r.at]...)
	out = text(text(out, m.options.Module), m.options.Name)
	return leb(append(out, kindFunction), uint32(len(m.types)))
}

func (m *rewriter) functionSection(r *reader) []byte {
	count := r.count()
	m.functions = make([]uint32, count)
	for i := range m.functions {
		m.functions[i] = r.index("type", len(m.types))
	}
	return r.b[:r.at]
}

// all is the number of functions that the module has without the one that is added.
func (m *rewriter) all() int { return m.imported + len(m.functions) }

// moved is the new index of a function.
func (m *rewriter) moved(f uint32) uint32 {
	if f >= uint32(m.imported) {
		return f + 1
	}
	return f
}

// function reads an index of a function and appends its new one.
func (m *rewriter) function(out []byte, r *reader) []byte {
	return leb(out, m.moved(r.index("function", m.all())))
}

// tableSection caps the tables.
func (m *rewriter) tableSection(r *reader) []byte {
	out, count := list(r, 0)
	first := r.at
	var declared uint64
	for range count {
		r.referenceType()
		least, _, _ := r.limits()
		declared += uint64(least)
	}
	m.own, m.tables = count, m.tables+count
	limit := uint64(m.options.Elements)
	if r.err != nil || limit == 0 || count == 0 {
		return append(out, r.b[first:r.at]...)
	}
	if declared+uint64(count) > limit {
		r.failf(ErrUnsupported, "%d tables of %d elements, more than %d in all", count, declared, limit)
		return nil
	}
	more := uint32((limit - declared) / uint64(count))
	r.at = first
	for range count {
		kind := r.byte()
		least, most, has := r.limits()
		if !has || most > least+more {
			most = max(least, least+more)
		}
		out = leb(leb(append(out, kind, 1), least), most)
	}
	return out
}

func (m *rewriter) memorySection(r *reader) []byte {
	for range r.count() {
		r.limits()
	}
	return r.b[:r.at]
}

// globalSection adds the fuel. It begins empty, so that also a start function asks first.
func (m *rewriter) globalSection(r *reader) []byte {
	out, count := list(r, 1)
	for range count {
		out = append(out, r.valueType(), r.byte())
		out = m.constant(out, r)
		if r.err != nil {
			return nil
		}
		m.globals++
	}
	return append(out, typeI32, 1, opI32Const, 0, opEnd)
}

func (m *rewriter) exportSection(r *reader) []byte {
	out, count := list(r, 0)
	for range count {
		out = text(out, r.name())
		kind := r.byte()
		out = append(out, kind)
		switch kind {
		case kindFunction:
			out = m.function(out, r)
		case kindTable:
			out = leb(out, r.index("table", m.tables))
		case kindMemory:
			out = leb(out, r.index("memory", 1))
		case kindGlobal:
			out = leb(out, r.index("global", m.globals))
		default:
			r.failf(ErrUnsupported, "an export of the kind %d", kind)
		}
		if r.err != nil {
			return nil
		}
	}
	return out
}

func (m *rewriter) startSection(r *reader) []byte { return m.function(nil, r) }

// dataSection changes nothing; it looks whether an offset names a global that is not there.
func (m *rewriter) dataSection(r *reader) []byte {
	for range r.count() {
		switch flags := r.u32(); flags {
		case 0:
			m.constant(nil, r)
		case 1:
		case 2:
			r.index("memory", 1)
			m.constant(nil, r)
		default:
			r.failf(ErrMalformed, "a data segment of the form %d", flags)
		}
		r.bytes(r.u32())
		if r.err != nil {
			return nil
		}
	}
	return r.b[:r.at]
}
