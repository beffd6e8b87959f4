// Package rollout says how a new version of a plugin comes in, and keeps the account of one that does: which messages it
// has, what both versions did, and what was decided.
//
//	immediate   loading ─▶ probing ─▶ live ─▶ superseded
//	canary      loading ─▶ canary (a step for each share of the keys) ─▶ probing ─▶ live …
//	shadow      loading ─▶ shadow ─▶ as immediate, or dropped
//	            any of these but live's end ─▶ rolled back
//
// # Usage
//
// Package actor makes a Probe for a swap. Its actors record each turn of a watched version into it and read its Decision
// before their next turn; the goroutine that watches the swap has it Look at the figures of both versions, and moves it
// from step to step.
//
// # Ownership
//
// A Probe and a Route are safe for use by several goroutines. Whoever finds a breach decides; only the first decision
// counts.
package rollout
