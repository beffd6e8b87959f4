// Package fuel rewrites WebAssembly modules so that they can be stopped: it puts a counter of fuel into the code, and
// when that is used up the guest asks the host whether it may go on.
//
//	module ──▶ parse by section ──▶ indices of functions moved ──▶ charges put into the code ──▶ module
//
// # Usage
//
//	metered, err := fuel.Rewrite(module, fuel.Options{Module: "fuel", Name: "ask", Elements: 1 << 18})
//
// The host gives the import fuel.ask, () -> i32, which answers how many units the guest may use until it asks again, or
// ends the call by a panic. The first charge of an instance asks, be it in its start function.
//
// # What is charged
//
//	loop header, entry of a function   its instructions, at most 64
//	loop of at most 48 instructions    the same, once for two rounds; of at most 24: for four
//	1,024 instructions without a loop  64; a call among them weighs 32, a division 4
//	a leaf of at most 32 instructions  nothing
//	a call of an import                500, before it
//	memory.fill, copy, init            a unit for 16 bytes, before it
//	table.fill, copy, init, grow       a unit for 2 items, before it
//	memory.grow                        1,000
//
// A charge is in line: fuel += -cost; if fuel < 0 { fuel = ask() }. It leaves the operand stack as it is, so it may stand
// anywhere.
//
// Such a short loop is written several times over (unroll.go) if it has no calls and no other loops; a module grows by at most 64 KiB
// and a quarter for it, and all further loops are charged each round.
//
// # Safety
//
// The fuel is a mutable global behind the module's own. No code can name it: an index that is not the module's own is
// refused here, though the module be valid after rewriting. Code can't jump over a charge either, since WebAssembly has
// structured branches only: a loop is entered through its header, a function through its entry. What is not known is
// refused: opcodes, sections, types, and encodings of which another decoder could make something else.
//
// Engines make room for a list before they read it, and a module of 60 bytes with an import list of billions takes all
// memory of wazero's host. So Rewrite comes first: what it took has lists and locals within bounds.
//
// # Failure
//
// An [Error] names section, offset and cause, and wraps [ErrMalformed] or [ErrUnsupported].
//
// # Testing
//
// The test suite of the WebAssembly specification, which comes with wazero, is run before and after rewriting, command
// by command, with the same results; its invalid modules stay invalid. Loops that go around and out by
// chance are run before and after, and asked at every point. Fuzzing looks for a panic, for a module that the
// engine takes before and not after, and for one that it takes after only.
package fuel
