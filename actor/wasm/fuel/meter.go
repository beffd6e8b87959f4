package fuel

// What is charged, in units, one of which is about an instruction.
const (
	// mostCharge is what a loop or function is charged at most each time around, though it be longer: what Go compiles to
	// goes around loops that are whole functions and leaves them after a few instructions.
	mostCharge = 64
	// freeLeaf is how long a function without loops and calls may be that is charged nothing. Who calls it is.
	freeLeaf = 32
	// stretch is the weight of instructions after which code that has no loop or call there is charged anyhow. With
	// mostCharge it bounds what runs between two questions to the host: stretch for mostCharge units.
	stretch = 1024

	hostCharge = 500  // a call to the host
	growCharge = 1000 // a growth of memory
	byteShift  = 4    // 16 bytes of a bulk operation on memory are a unit
	itemShift  = 1    // two items of one on tables are
)

// Weights of instructions, for stretch.
const (
	weightPlain = 1
	weightSlow  = 4        // divisions and roots
	weightCall  = freeLeaf // it may be of a leaf that is charged nothing
)

// meter copies the instructions of one function and puts in what charges them.
type meter struct {
	m       *rewriter
	r       *reader
	out     []byte
	opened  []opening
	count   int // instructions so far
	weight  int // of those since the last charge
	total   int // weight of all
	length  int // of the charge at the function's entry; 0 when it was taken away
	loops   bool
	calls   bool
	level   bool   // so far nothing branches or calls: what comes now is reached once at each entry
	scratch uint32 // index of the local that lengths are kept in
	used    bool   // it is needed
	locals  int    // the function's own, parameters included
}

// opening is a block that is not closed yet.
type opening struct {
	charge int // where in out the charge of a loop is; 0: of none
	count  int // instructions before it
}

// code meters the instructions up to the end of the function.
func (f *meter) code() {
	f.level = true
	f.opened = append(f.opened[:0], opening{})
	entry := f.charge(1)
	f.length = len(f.out)
	for len(f.opened) > 0 {
		if f.r.err != nil {
			return
		}
		f.instruction()
	}
	if f.length > 0 {
		f.price(entry, f.count)
		if !f.loops && !f.calls && f.total <= freeLeaf {
			f.dropEntry()
		}
	}
}

func (f *meter) dropEntry() {
	f.out = append(f.out[:0], f.out[f.length:]...)
	f.length = 0
}

// instruction copies one. What is charged for it comes before it.
func (f *meter) instruction() {
	r := f.r
	if f.weight >= stretch {
		f.price(f.charge(1), mostCharge)
	}
	at := r.at
	op := r.byte()
	f.count++
	f.add(weightPlain)
	switch op {
	case opBlock, opLoop, opIf:
		f.block(op, at)
		return
	case opEnd:
		f.close()
	case opElse, opBr, opBrIf, opBrTable, opReturn, opUnreachable:
		f.level = false
	case opCall, opReturnCall, opCallIndir, opReturnIndir:
		f.call(op)
		return
	case opRefFunc:
		f.out = f.m.function(append(f.out, op), r)
		return
	case opMemoryGrow:
		f.flat(growCharge)
	case opMisc:
		f.misc()
		return
	default:
		if slow(op) {
			f.add(weightSlow - weightPlain)
		}
	}
	f.operands(plain[op], op)
	f.copy(at)
}

func (f *meter) add(weight int) {
	f.weight += weight
	f.total += weight
}

func (f *meter) copy(at int) {
	if f.r.err == nil {
		f.out = append(f.out, f.r.b[at:f.r.at]...)
	}
}

// slow are the divisions and roots.
func slow(op byte) bool {
	return op >= 0x6d && op <= 0x70 || op >= 0x7f && op <= 0x82 || op == 0x91 || op == 0x95 || op == 0x9f || op == 0xa3
}

// block opens one. A loop is charged at its header; one that is always entered stands for the function's entry.
func (f *meter) block(op byte, at int) {
	f.operands(formBlock, op)
	o := opening{count: f.count}
	if op == opLoop {
		if f.level && f.length > 0 && f.count <= freeLeaf {
			f.dropEntry()
		}
		f.loops = true
		if f.unroll(f.r.b[at+1 : f.r.at]) {
			return
		}
		f.copy(at)
		o.charge = f.charge(1)
	} else {
		f.copy(at)
	}
	f.level = f.level && op == opBlock
	f.opened = append(f.opened, o)
}

func (f *meter) close() {
	last := len(f.opened) - 1
	if o := f.opened[last]; o.charge > 0 {
		f.price(o.charge, f.count-o.count)
	}
	f.opened = f.opened[:last]
	f.level = false
}

func (f *meter) call(op byte) {
	f.calls, f.level = true, false
	f.add(weightCall)
	if op == opCallIndir || op == opReturnIndir {
		at := f.r.at
		f.operands(formIndirect, op)
		f.out = append(f.out, op)
		f.copy(at)
		return
	}
	to := f.r.index("function", f.m.all())
	if int(to) < f.m.imported {
		f.flat(hostCharge)
	}
	f.out = leb(append(f.out, op), f.m.moved(to))
}

// misc copies an instruction behind the prefix. Its opcode is a number that may be written in more bytes than it takes.
func (f *meter) misc() {
	op := f.r.u32()
	at := f.r.at
	if op >= uint32(len(misc)) {
		op = 0xff // of the unknown form
	}
	f.operands(misc[op], opMisc)
	switch op {
	case miscMemoryInit, miscMemoryCopy, miscMemoryFill:
		f.bulk(byteShift)
	case miscTableInit, miscTableCopy, miscTableGrow, miscTableFill:
		f.bulk(itemShift)
	}
	f.out = append(f.out, opMisc, byte(op))
	f.copy(at)
}

// charge writes what takes cost units, and gives the place of the cost in out. It leaves the operands as they are.
//
//	fuel += -cost; if fuel < 0 { fuel = ask() }
func (f *meter) charge(cost int) int {
	f.weight = 0
	f.out = append(append(f.out, f.m.get...), opI32Const, 0, opI32Add)
	at := len(f.out) - 2
	f.out = append(f.out, f.m.ask...)
	f.price(at, cost)
	return at
}

// price sets the cost of a charge, at most mostCharge: its negative is a number of one byte.
func (f *meter) price(at, cost int) {
	f.out[at] = byte(-max(min(cost, mostCharge), 1)) & 0x7f
}

// flat charges for an instruction that costs more than most.
func (f *meter) flat(cost uint32) {
	f.weight = 0
	f.out = append(append(f.out, f.m.get...), opI32Const)
	f.out = append(leb64(f.out, cost), opI32Sub)
	f.out = append(f.out, f.m.ask...)
}

// leb64 appends v as signed LEB128; it is below 1<<13 and takes two bytes.
func leb64(b []byte, v uint32) []byte { return append(b, byte(v)|0x80, byte(v>>7)) }

// bulk charges by the operand on top, a number of bytes or items. The fuel is never below 0 between charges, and the
// length is shifted by one at least, so the difference does not wrap.
func (f *meter) bulk(shift byte) {
	f.used, f.weight = true, 0
	f.out = leb(append(f.out, opLocalTee), f.scratch)
	f.out = append(f.out, f.m.get...)
	f.out = leb(append(f.out, opLocalGet), f.scratch)
	f.out = append(f.out, opI32Const, shift, opI32ShrU, opI32Sub)
	f.out = append(f.out, f.m.ask...)
}
