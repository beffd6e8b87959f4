// Package build turns a directory with a plugin's Go source into a WebAssembly module, anywhere and offline, with
// only the Go toolchain.
//
// # Usage
//
//	artifact, err := build.Build(ctx, "plugins/delays", build.Options{CacheDir: dir})
//
// A path of a .wasm file is read as it is. [Template] gives the files of a new plugin, [Install] the place of the
// SDK's source for its editor.
//
// # How
//
// The program carries the source of the Go SDK. A build lays it into the cache directory, under the hash of its
// content, and points the Go command at it by a go.mod of its own (-modfile) that replaces the SDK's path. The
// plugin's directory is never written to.
//
// # Ordering
//
// Results are kept under the hash of all that they depend on: the source files, those of local replacements, the
// SDK, the Go version and the flags. Of several builders of the same source, in any process, one builds and the
// others wait for it. A result appears at once or not at all.
//
// # Failure
//
// [ErrNoToolchain] is the machine's fault, [ErrCompile] and [ErrModule] are the plugin's. The text of an ErrCompile
// has the compiler's lines, with paths relative to the plugin's directory.
package build

//go:generate go run ../../internal/sdkcopy ../go sdk.txtar
