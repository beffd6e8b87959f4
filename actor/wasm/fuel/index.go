package fuel

// constant copies a constant expression, with the new indices of functions.
func (m *rewriter) constant(out []byte, r *reader) []byte {
	for r.err == nil {
		at := r.at
		op := r.byte()
		switch op {
		case opEnd:
			return append(out, op)
		case opRefFunc:
			out = m.function(append(out, op), r)
			continue
		case opI32Const:
			r.signed(32)
		case 0x42:
			r.signed(64)
		case 0x43:
			r.bytes(4)
		case 0x44:
			r.bytes(8)
		case opGlobalGet:
			r.index("global", m.globals)
		case opRefNull:
			r.referenceType()
		case opI32Add, opI32Sub, 0x6c, 0x7c, 0x7d, 0x7e: // of extended constants: add, sub, mul
		case opWide:
			if r.byte() != 0x0c {
				r.failf(ErrUnsupported, "an initial value by an instruction of the vector kind")
			}
			r.bytes(16)
		default:
			r.failf(ErrUnsupported, "an initial value by the instruction %#x", op)
		}
		if r.err == nil {
			out = append(out, r.b[at:r.at]...)
		}
	}
	return out
}

// elementSection moves the functions in segments of tables. The form of a segment is three bits: passive or
// declarative, with a table or declarative, of expressions.
func (m *rewriter) elementSection(r *reader) []byte {
	out, count := list(r, 0)
	for range count {
		flags := r.u32()
		if flags > 7 {
			r.failf(ErrMalformed, "an element segment of the form %d", flags)
			return nil
		}
		out = leb(out, flags)
		passive, explicit, expressions := flags&1 != 0, flags&2 != 0, flags&4 != 0
		if !passive {
			if explicit {
				out = leb(out, r.index("table", m.tables))
			}
			out = m.constant(out, r)
		}
		if passive || explicit { // else it is of functions, unsaid
			kind := r.byte()
			if r.err == nil && (!expressions && kind != 0 || expressions && kind != typeFuncref && kind != typeExternref) {
				r.failf(ErrUnsupported, "elements of the kind %#x", kind)
			}
			out = append(out, kind)
		}
		items := r.count()
		out = leb(out, uint32(items))
		for range items {
			if expressions {
				out = m.constant(out, r)
			} else {
				out = m.function(out, r)
			}
			if r.err != nil {
				return nil
			}
		}
	}
	return out
}

// custom keeps the names for the end, when it is known which functions move. All other custom sections go: those for
// debuggers and linkers hold offsets that are not true any more.
func (m *rewriter) custom(r *reader) {
	if r.name() == "name" && r.err == nil {
		m.named = r.b[r.at:]
	}
}

// names writes the names of functions, which are in stack traces. They are for people: what is wrong with them is no
// reason to refuse the module.
func (m *rewriter) names() {
	if m.named == nil {
		return
	}
	out := text(nil, "name")
	for r := (reader{b: m.named}); r.more(); {
		id := r.byte()
		body := r.bytes(r.u32())
		s := reader{b: body}
		switch id {
		case nameModule:
			body = text(nil, s.name())
		case nameFunction, nameLocal:
			body = m.moveNames(&s, id == nameLocal)
		default:
			continue
		}
		if r.err != nil || s.err != nil {
			break
		}
		out = append(out, id)
		out = leb(out, uint32(len(body)))
		out = append(out, body...)
	}
	m.write(secCustom, out)
}

// Parts of the section of names that are kept.
const (
	nameModule   = 0
	nameFunction = 1
	nameLocal    = 2
)

// moveNames moves the indices of a list of names, or of lists of names.
func (m *rewriter) moveNames(r *reader, lists bool) []byte {
	out, count := list(r, 0)
	for range count {
		out = leb(out, m.moved(r.u32()))
		at := r.at
		if lists {
			for range r.count() {
				r.u32()
				r.name()
				if r.err != nil {
					return nil
				}
			}
		} else {
			r.name()
		}
		if r.err != nil {
			return nil
		}
		out = append(out, r.b[at:r.at]...)
	}
	return out
}
