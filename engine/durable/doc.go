// Package durable says what a wheel survives: what each source, its sessions and each sink keep over a kill, a power cut, a
// full disk, and the absence of who is at the other end. docs/guarantees.md has the same as a table.
//
// # Usage
//
//	for _, line := range durable.Lines(durable.Of(&config)) { … }
package durable
