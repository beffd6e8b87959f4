// Package pipeline is workload W2: a whole process that filters a file of JSON lines on a number, adds a field and writes
// a file.
//
//	lines.jsonl ──▶ value > 50 ? ──▶ + "level":"high" ──▶ out.jsonl
//
// # Usage
//
//	err := pipeline.Run(options)
//
// # Ordering
//
// Contestants run one after the other, round after round. The input is made once, from a seed, and lies in the page
// cache after the first round.
//
// # Failure
//
// A contestant whose output is not, byte for byte, what the generator expects is an error, never a figure.
package pipeline
