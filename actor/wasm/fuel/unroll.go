package fuel

// Loops of a few instructions are what metering costs most, since a charge takes as long as a round. So a short loop is written
// out several times over and charged once for all of these rounds. The question to the host is outside of it: with a call inside,
// the engine keeps what the loop works on in memory.
//
//	block {                                     // a branch to it ends all
//	  loop {                                    // goes on after a question
//	    loop {                                  // goes around
//	      block {                               // asks
//	        fuel += -cost; if fuel < 0 { br 0 }
//	        block { block { a round }; br 4 }   // the end of the outer one is where the next round begins
//	        …
//	        br 1
//	    } }
//	    fuel = ask() + cost; br 0
//	} }
const (
	// mostTight and mostShort are how many instructions a loop may have that is written four times, or twice. With the four
	// rounds for the price of one it is still far from the longest stretch that costs as little.
	mostTight, tightRounds = 24, 4
	mostShort, shortRounds = 48, 2
	leastShort             = 3 // what has less does not go around, or does nothing else
	// freeGrowth is by how many bytes a module may grow for it, and by a share of its own size: else one that is nothing but short
	// loops would become twenty times as large.
	freeGrowth, shareGrowth = 64 << 10, 4
	wrapped                 = 4 // blocks around that of a round, in the place of the one loop
	aroundRounds            = 48
	aroundRound             = 8 // bytes that are written beside the loop's own
)

// short looks ahead at a loop: how many instructions it has, and in how many bytes, if they are few, the loop has neither parameters
// nor results, and nothing in it is charged by itself. Else 0.
func (f *meter) short(kind []byte) (count, size int) {
	if len(kind) != 1 || kind[0] != blockVoid {
		return 0, 0
	}
	at, outer, err := f.r.at, len(f.opened), f.r.err
	defer func() { f.r.at, f.r.err, f.opened = at, err, f.opened[:outer] }()
	f.opened = append(f.opened, opening{})
	for n := 1; n <= mostShort && f.r.err == nil; n++ {
		op := f.r.byte()
		switch op {
		case opLoop, opCall, opReturnCall, opCallIndir, opReturnIndir, opRefFunc, opBrTable, opMemoryGrow, opMisc:
			return 0, 0
		case opBlock, opIf:
			f.operands(formBlock, op)
			f.opened = append(f.opened, opening{})
		case opEnd:
			if f.opened = f.opened[:len(f.opened)-1]; len(f.opened) > outer {
				continue
			}
			if n < leastShort {
				n = 0
			}
			return n, f.r.at - at
		default:
			f.operands(plain[op], op)
		}
	}
	return 0, 0
}

// unroll writes a short loop, if it is one and there is room for it; false leaves it as it is.
func (f *meter) unroll(kind []byte) bool {
	count, size := f.short(kind)
	rounds := shortRounds
	if count <= mostTight {
		rounds = tightRounds
	}
	if size = aroundRounds + rounds*(size+aroundRound); count == 0 || size > f.m.growth {
		return false
	}
	f.m.growth -= size
	fuel, from := uint32(f.m.globals), f.r.at
	f.out = append(f.out, opBlock, blockVoid, opLoop, blockVoid, opLoop, blockVoid, opBlock, blockVoid)
	f.out = append(append(f.out, f.m.get...), opI32Const, byte(-count)&0x7f, opI32Add)
	f.out = append(leb(append(f.out, opGlobalSet), fuel), f.m.get...)
	f.out = append(f.out, opI32Const, 0, opI32LtS, opBrIf, 0)
	for range rounds {
		f.r.at = from
		f.out = append(f.out, opBlock, blockVoid, opBlock, blockVoid)
		f.round()
		f.out = append(f.out, opEnd, opBr, wrapped, opEnd)
	}
	f.out = append(f.out, opBr, 1, opEnd, opEnd)
	f.out = leb(append(f.out, opCall), uint32(f.m.imported))
	f.out = leb(append(f.out, opI32Const, byte(count), opI32Add, opGlobalSet), fuel)
	f.out = append(f.out, opBr, 0, opEnd, opEnd)
	f.count += count
	f.weight, f.total = rounds*count, f.total+count
	f.level = false
	return true
}

// round copies the body of a loop that short has seen, up to its end. What branches out of it has more to leave by then.
func (f *meter) round() {
	for depth := uint32(0); ; {
		at := f.r.at
		op := f.r.byte()
		switch op {
		case opEnd:
			if depth == 0 {
				return
			}
			depth--
		case opBr, opBrIf:
			label := f.r.u32()
			switch {
			case label == depth:
				label++
			case label > depth:
				label += wrapped + 1
			}
			f.out = leb(append(f.out, op), label)
			continue
		case opBlock, opIf:
			depth++
			f.operands(formBlock, op)
		default:
			f.operands(plain[op], op)
		}
		f.copy(at)
	}
}
