// Package dev runs a wheel for somebody who writes its plugins: what is saved is built and swapped in, and what that
// changed is shown on messages.
//
//	save ──▶ watcher ──▶ build ──┬─ fails ─▶ the compiler's lines; the old version goes on
//	                             └─▶ swap ─▶ live ──▶ both versions run on a sample ─▶ what differs
//
// A config that was saved is applied as `pelton apply` does it: what it does not change goes on, and the wheel is started
// anew only for what can't change while it runs.
//
// # Usage
//
//	err := dev.Run(ctx, dev.Options{Load: load, Events: print})
//
// # Ownership
//
// Run's goroutine does everything in turn: it starts the wheel, takes changes, builds, swaps and compares. Beside it run
// the wheel, and one goroutine for each tap that keeps the newest messages of a plugin. All have ended when Run returns.
//
// # Failure
//
// Whatever is wrong with a plugin's source or with the config is told, and Run waits for the next change: the wheel goes on
// as it was, or if it did not start, it is tried again then. A wheel that fails while it runs ends Run.
package dev
