// Package guest builds the plugins of the benchmark as WebAssembly, one source for each language: source/guest.c, guest.rs,
// guest.ts (AssemblyScript) and golang. All of them know the same operations, which guest.c describes.
//
// # Usage
//
//	for _, g := range guest.All(ctx, o) { … g.Path, or g.Absent says what is missing and how to install it }
//
// # Failure
//
// A language whose toolchain is not on the machine is given with the command that installs it, for the tables; with
// Options.Install it is installed first. A source that does not compile is an error.
package guest
