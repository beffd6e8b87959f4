// Package record is what stands outside of the wheel: it knows every message that was sent and every one that was
// acknowledged, and holds against it what the wheel made of them.
//
//	feeds ─▶ Ledger: sent, log, acknowledged ─┐
//	plugin ─▶ its logs, one per process ──────┼─▶ Check ─▶ Figures
//	sink's file, snapshots of the session ────┘
//
// # Ordering
//
// A batch is written to the ledger's log BEFORE it counts as acknowledged. What the plugin does with a message is in the
// plugin's log BEFORE the wheel hears of it.
//
// # Testing
//
// record_test.go plants each kind of fault and wants it counted, and nothing else: a checker that sees nothing is no proof.
package record
