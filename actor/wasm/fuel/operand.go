package fuel

// operands reads what follows an opcode. An index out of range is refused though an engine would too: a module must
// not name what is added to it.
func (f *meter) operands(form form, op byte) {
	r, m := f.r, f.m
	switch form {
	case formNone:
	case formBlock:
		f.blockType()
	case formLabel:
		r.index("label", len(f.opened))
	case formLabels:
		for range r.count() + 1 {
			r.index("label", len(f.opened))
			if r.err != nil {
				return
			}
		}
	case formIndirect:
		r.index("type", len(m.types))
		r.index("table", m.tables)
	case formLocal:
		r.index("local", f.locals)
	case formGlobal:
		r.index("global", m.globals)
	case formTable:
		r.index("table", m.tables)
	case formTables:
		r.index("table", m.tables)
		r.index("table", m.tables)
	case formTypes:
		for range r.count() {
			r.valueType()
		}
	case formReference:
		r.referenceType()
	case formPrefixWide:
		f.wide()
	default:
		f.immediate(form, op)
	}
}

// immediate reads numbers that name nothing in the module, or nothing that is added to it.
func (f *meter) immediate(form form, op byte) {
	r := f.r
	switch form {
	case formAccess, formLane:
		if align := r.u32(); align >= 32 {
			r.failf(ErrUnsupported, "more than one memory, or an alignment of 2^%d", align)
		}
		r.u32()
		if form == formLane {
			r.byte()
		}
	case formLaneOnly:
		r.byte()
	case formMemory:
		r.index("memory", 1)
	case formMemories:
		r.index("memory", 1)
		r.index("memory", 1)
	case formI32:
		r.signed(32)
	case formI64:
		r.signed(64)
	case formF32:
		r.bytes(4)
	case formF64:
		r.bytes(8)
	case formV128:
		r.bytes(16)
	case formDataMemory:
		r.u32()
		r.index("memory", 1)
	case formData, formElem:
		r.u32()
	case formElemTable:
		r.u32()
		r.index("table", f.m.tables)
	default:
		r.failf(ErrUnsupported, "the opcode %#x (%s)", op, foreign(op))
	}
}

// wide reads a vector instruction. Opcodes from 0x80 on take two bytes; engines differ in what they make of others.
func (f *meter) wide() {
	at := f.r.at
	op := f.r.u32()
	size := 1
	if op >= 0x80 {
		size = 2
	}
	if op >= uint32(len(wide)) || f.r.at-at != size {
		f.r.failf(ErrUnsupported, "the vector instruction %#x", op)
		return
	}
	f.operands(wide[op], opWide)
}

// blockType reads the type of a block: nothing, a value type, or the index of a type.
func (f *meter) blockType() {
	r := f.r
	first := byte(0)
	if r.more() {
		first = r.b[r.at]
	}
	switch {
	case first == 0x40:
		r.byte()
	case first&0xc0 == 0x40: // a negative number of one byte is a value type
		r.valueType()
	default:
		if i := r.signed(33); r.err == nil && (i < 0 || i >= int64(len(f.m.types))) {
			r.failf(ErrMalformed, "type %d of %d", i, len(f.m.types))
		}
	}
}
