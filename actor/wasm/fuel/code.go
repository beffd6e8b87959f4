package fuel

import "fmt"

const (
	// mostLocals of one function is a bound that browsers have too: a frame is never larger than a few hundred KiB.
	mostLocals = 50_000
	// allLocals is of a module. Engines keep a list of the locals of each function, which takes a few bytes to declare.
	allLocals = 16 << 20
)

// codeSection meters the bodies.
func (m *rewriter) codeSection(r *reader) []byte {
	out, count := list(r, 0)
	if count != len(m.functions) {
		r.failf(ErrMalformed, "%d bodies of %d functions", count, len(m.functions))
		return nil
	}
	m.get = leb([]byte{opGlobalGet}, uint32(m.globals))
	m.ask = m.question()
	out = append(make([]byte, 0, len(r.b)+len(r.b)/4), out...)
	for i := range count {
		size := r.u32()
		at := r.at
		s := reader{b: r.bytes(size), err: r.err}
		out = m.body(out, &s, i)
		if s.err != nil {
			r.at, r.err = at+s.at, fmt.Errorf("function %d: %w", m.imported+i, s.err)
			return nil
		}
		m.code++
	}
	return out
}

// question is the code that stores the fuel on the stack, and asks for more when it is used up:
//
//	fuel = pop; if fuel < 0 { fuel = ask() }
func (m *rewriter) question() []byte {
	q := leb([]byte{opGlobalSet}, uint32(m.globals))
	q = append(append(q, m.get...), opI32Const, 0, opI32LtS, opIf, blockVoid)
	q = leb(append(q, opCall), uint32(m.imported))
	q = leb(append(q, opGlobalSet), uint32(m.globals))
	return append(q, opEnd)
}

const blockVoid = 0x40

// body writes one body with its new size.
func (m *rewriter) body(out []byte, r *reader, i int) []byte {
	locals := uint64(m.types[m.functions[i]])
	groups := r.count()
	first := r.at
	for range groups {
		locals += uint64(r.u32())
		r.valueType()
		if r.err != nil {
			return out
		}
	}
	m.locals += locals
	if locals > mostLocals || m.locals > allLocals {
		r.failf(ErrUnsupported, "%d locals, more than %d, or more than %d in all functions together", locals, mostLocals, allLocals)
		return out
	}
	declared := r.b[first:r.at]
	f := &m.meter
	*f = meter{m: m, r: r, out: f.out[:0], opened: f.opened, locals: int(locals), scratch: uint32(locals)}
	f.code()
	if r.err == nil && r.at != len(r.b) {
		r.failf(ErrMalformed, "%d bytes behind the end of the function", len(r.b)-r.at)
	}
	if f.used {
		groups++
	}
	head := append(leb(nil, uint32(groups)), declared...)
	if f.used {
		head = append(head, 1, typeI32)
	}
	out = leb(out, uint32(len(head)+len(f.out)))
	return append(append(out, head...), f.out...)
}
