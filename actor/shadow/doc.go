// Package shadow compares the answers of two versions of a plugin to the same messages, and keeps the writes of the one
// that only watches from the state of the other.
//
//	live answer ─┐
//	             ├─Compare──▶ Report: how many differ, and some of them in full
//	shadow's ────┘
//	shadow's kv ──▶ Overlay ──reads──▶ the state as it was when the shadow began
//
// Two answers differ when their decisions do, or the reasons of dead ones, or their emits in order; the times of a retry, a
// defer and a hold are mostly counted from now, and not compared. An answer that is not ack has no emits (E1).
//
// # Ownership
//
// A Recorder and an Overlay are safe for use by several goroutines.
package shadow
