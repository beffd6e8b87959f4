// Package archtest holds a tree of Go files against a policy: who may import what, which packages stay pure, that
// each package has one doc comment, and how large files, functions, structs and packages may grow.
//
// The policy itself is data and lies in arch_test.go in the root directory. This package only knows how to check it.
//
// # Usage
//
//	tree, err := archtest.Load(os.DirFS("."), "github.com/peltonhq/pelton")
//	for _, violation := range policy.Check(tree) {
//		t.Error(violation)
//	}
//
// It parses files and never asks the go command: a test that runs `go list` is cached as passed although a file that
// the go command read has changed, whereas files opened by the test itself are part of its cache key. It also reads
// every file whatever its build tags, so a rule holds on systems that the test does not run on.
//
// # Patterns
//
// A pattern names packages by directory: "store" is that one package, "store/..." the package and all below it, "."
// the root package. Of several patterns that fit, an exact one wins, then the longest.
//
// # Failure
//
// A policy can be wrong too, and then it is a rule that nobody keeps. So the check also reports a rule that governs
// nothing, a name that is no box of the layout, a fence around a module that go.mod does not have, and an exception
// that is no longer needed.
package archtest
