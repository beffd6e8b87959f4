//go:build !linux

package local

// bootID names this start of the machine; empty when nobody knows, as here: each unclean stop with [SyncOff] counts as a power
// cut then.
func bootID() string { return "" }
