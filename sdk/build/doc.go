// Package build turns a directory with a plugin's source into a WebAssembly module, anywhere and offline, with only the
// toolchain of its language.
//
//	go.mod        ─▶ go build ──────┐
//	Cargo.toml    ─▶ cargo build ───┤
//	asconfig.json ─▶ asc ───────────┼─▶ modules/HASH.wasm
//	*.c           ─▶ clang, lld ────┘
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
// The program carries the source of the SDKs. A build lays one into the cache directory, under the hash of its content,
// and points the compiler at it: Go by a go.mod of its own (-modfile) that replaces the SDK's path, cargo by a patch of
// crates.io, asc by --path, clang by -isystem. The plugin's directory is never written to; since cargo writes a
// Cargo.lock, it builds a copy, which stays in the cache with what cargo made of it.
//
// # Ordering
//
// Results are kept under the hash of all that they depend on: the source files, those of local replacements and path
// dependencies, the SDK, the compiler's version and the flags. Of several builders of the same source, in any process,
// one builds and the others wait for it. A result appears at once or not at all. The same source and compiler give the
// same module in every directory and with every cache; but for a Rust plugin with path dependencies outside of its
// workspace, whose names cargo makes from where the copy is.
//
// # Failure
//
// [ErrNoToolchain] is the machine's fault, [ErrCompile] and [ErrModule] are the plugin's. The text of an ErrCompile
// has the compiler's lines, with paths relative to the plugin's directory.
//
// # Testing
//
// `go test` needs Go alone. The other languages are tested with `-tags sdks`, by .ci/steps/60-sdks.sh, which installs
// their toolchains.
package build

//go:generate go run ../../internal/sdkcopy ../go go.txtar
//go:generate go run ../../internal/sdkcopy ../c c.txtar
//go:generate go run ../../internal/sdkcopy ../rust rust.txtar
//go:generate go run ../../internal/sdkcopy ../assemblyscript assemblyscript.txtar
