// Package swap is workload W5: what it costs to make a new version of a plugin ready and to hand a flow over to it, and
// what the flow notices.
//
//	messages at a steady rate ──▶ guest v1 ──▶ acks …
//	                              swap ▲ v2       └─▶ longest gap between two acks
//
// # Usage
//
//	err := swap.Run(options)
//
// # Ordering
//
// One wheel per language and round; in it, spans without a swap, with a swap to a version whose machine code is in the
// cache, and with one to a version that was never seen take turns under the same flow.
//
// # Failure
//
// A swap that does not end live, and a flow that loses a message, fail the run.
package swap
