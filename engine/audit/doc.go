// Package audit keeps what was done to a wheel: an entry a line, as JSON, in audit.jsonl in the directory of the store, and
// the one before it as audit.old.jsonl.
//
// # Ordering
//
// Ids go up by one from entry to entry, over restarts too.
//
// # Failure
//
// An entry is on the disk when Record returns. One that could not be written is told to Options.Failed; it can still be read
// until the process ends. A line that a crash cut short is skipped at the next start.
package audit
