package fuel

// form is what follows an opcode in the code.
type form uint8

const (
	formUnknown form = iota // also what is known and not supported
	formNone
	formBlock      // the type of a block
	formLabel      // a label
	formLabels     // br_table
	formFunction   // a function
	formIndirect   // a type and a table
	formLocal      // a local
	formGlobal     // a global
	formTable      // a table
	formTables     // two of them
	formTypes      // a list of value types
	formAccess     // alignment and offset
	formLane       // the same and a lane
	formLaneOnly   // a lane
	formMemory     // a memory, which is the first one
	formMemories   // two of them
	formI32        // constants
	formI64        //
	formF32        //
	formF64        //
	formV128       // 16 bytes
	formReference  // a reference type
	formDataMemory // a data segment and a memory
	formData       // a data segment
	formElemTable  // an element segment and a table
	formElem       // an element segment
	formPrefixMisc // another opcode
	formPrefixWide //
)

// Opcodes that the rewriter looks at.
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opBrTable     = 0x0e
	opReturn      = 0x0f
	opCall        = 0x10
	opCallIndir   = 0x11
	opReturnCall  = 0x12
	opReturnIndir = 0x13
	opLocalGet    = 0x20
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opMemoryGrow  = 0x40
	opI32Const    = 0x41
	opI32LtS      = 0x48
	opI32Add      = 0x6a
	opI32Sub      = 0x6b
	opI32ShrU     = 0x76
	opRefNull     = 0xd0
	opRefFunc     = 0xd2
	opMisc        = 0xfc
	opWide        = 0xfd
)

// Opcodes behind opMisc that are charged by length.
const (
	miscMemoryInit = 8
	miscMemoryCopy = 10
	miscMemoryFill = 11
	miscTableInit  = 12
	miscTableCopy  = 14
	miscTableGrow  = 15
	miscTableFill  = 17
)

// plain, misc and wide are the forms by opcode.
var plain, misc, wide = forms()

func forms() (plain, misc, wide [256]form) {
	fill(&plain, 0x00, 0x01, formNone)
	fill(&plain, opBlock, opIf, formBlock)
	plain[opElse], plain[opEnd] = formNone, formNone
	plain[0x0c], plain[0x0d], plain[opBrTable], plain[opReturn] = formLabel, formLabel, formLabels, formNone
	plain[opCall], plain[opReturnCall] = formFunction, formFunction
	plain[opCallIndir], plain[opReturnIndir] = formIndirect, formIndirect
	plain[0x1a], plain[0x1b], plain[0x1c] = formNone, formNone, formTypes
	fill(&plain, opLocalGet, opLocalTee, formLocal)
	fill(&plain, opGlobalGet, opGlobalSet, formGlobal)
	plain[0x25], plain[0x26] = formTable, formTable
	fill(&plain, 0x28, 0x3e, formAccess)
	plain[0x3f], plain[opMemoryGrow] = formMemory, formMemory
	plain[opI32Const], plain[0x42], plain[0x43], plain[0x44] = formI32, formI64, formF32, formF64
	fill(&plain, 0x45, 0xc4, formNone)
	plain[opRefNull], plain[0xd1], plain[opRefFunc] = formReference, formNone, formFunction
	plain[opMisc], plain[opWide] = formPrefixMisc, formPrefixWide

	fill(&misc, 0, 7, formNone)
	misc[miscMemoryInit], misc[9], misc[miscMemoryCopy], misc[miscMemoryFill] = formDataMemory, formData, formMemories, formMemory
	misc[miscTableInit], misc[13], misc[miscTableCopy] = formElemTable, formElem, formTables
	fill(&misc, miscTableGrow, miscTableFill, formTable)

	fill(&wide, 0x00, 0x0b, formAccess)
	wide[0x0c], wide[0x0d] = formV128, formV128
	fill(&wide, 0x0e, 0x14, formNone)
	fill(&wide, 0x15, 0x22, formLaneOnly)
	fill(&wide, 0x23, 0x53, formNone)
	fill(&wide, 0x54, 0x5b, formLane)
	fill(&wide, 0x5c, 0x5d, formAccess)
	fill(&wide, 0x5e, 0xff, formNone)
	for _, hole := range []byte{0x9a, 0xa2, 0xa5, 0xa6, 0xaf, 0xb0, 0xb2, 0xb3, 0xb4, 0xbb, 0xc2, 0xc5, 0xc6, 0xcf, 0xd0, 0xd2, 0xd3, 0xd4, 0xe2, 0xee} {
		wide[hole] = formUnknown
	}
	return plain, misc, wide
}

func fill(forms *[256]form, first, last byte, f form) {
	for op := int(first); op <= int(last); op++ {
		forms[op] = f
	}
}

// foreign names the feature that an opcode belongs to, for an error.
func foreign(op byte) string {
	switch {
	case op >= 0x06 && op <= 0x0a, op == 0x18, op == 0x19, op == 0x1f:
		return "exceptions"
	case op == 0x14, op == 0x15, op >= 0xd3 && op <= 0xd6:
		return "typed function references"
	case op == 0xfb:
		return "garbage collection"
	case op == 0xfe:
		return "threads"
	default:
		return "an instruction that is not known"
	}
}
