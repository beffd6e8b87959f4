// Package borrowcheck is an analyzer for go vet. It reports borrowed messages that outlive their turn, in native plugins,
// in Go plugins for WebAssembly, and in Pelton itself.
//
//	            ┌ parameter of a lender type
//	lent by ────┤ result of a marked function ──▶ values ──▶ stored in a field, variable, map ─▶ report
//	(marks)     └ read from somewhere unknown        │       sent, given to a goroutine,
//	                                                 │       returned
//	                                                 └▶ Own(), bytes.Clone, string(…), append([]byte(nil), …): owned
//
// # Usage
//
//	go run github.com/peltonhq/pelton/cmd/borrowcheck ./...
//
// docs/borrowcheck.md says what it finds and what it can't find.
//
// # Marks
//
// What is borrowed is said in the code, by one directive with a reason:
//
//	//pelton:lends it is what an arena lends for a turn
//	type View struct {
//
// On a type: its values are borrowed, it may hold what is borrowed, and its methods may return it. On a type of functions:
// what such functions are given is borrowed. On a field: it may hold what is borrowed. On a function: what it returns, or
// puts into a lender by pointer, is borrowed. Behind or above any other line: what is reported there is excused. A mark
// without a reason, and an excuse that is not needed, are reported.
//
// # How it works
//
// Each declared function is turned into SSA form and followed with its function literals (flow). A set of origins is kept
// for each value: borrowed bytes, parameters, variables of the package. Sets only grow until nothing is new, in no order of
// statements, except for variables that nobody else writes to (variable.go). A store looks back from its address (walk) to
// what the function made itself, which then holds what was stored, or to a parameter or variable of the package, which is
// an escape. What a function does with its parameters is a fact (Effect) that its callers use, in other packages too. The
// standard library is a table (table.go).
//
// # Failure
//
// It errs to both sides, and rather by silence. A report that is wrong is excused by a mark with a reason.
//
// # Testing
//
// The packages in testdata say in comments what is reported where. They import the real packages of this module.
package borrowcheck
