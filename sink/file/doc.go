// Package file writes effects to a file, a line each, and repeats none of them after a crash (S2).
//
//	Write ─▶ bytes behind the committed length ─▶ fsync ─▶ one store append: {length, marks of the effects} ─▶ nil
//	                                                                  │
//	Open  ◀── cut the file back to the committed length ◀─────────────┘
//
// # Usage
//
//	s, err := file.Open(file.Options{Name: "late", Path: "/data/late.jsonl", Store: st, OnNew: file.Append})
//	w := sink.Start(sink.Options{Name: "late", Sink: s})
//
// A payload gets a newline at its end unless it has one already; newlines inside it stay as they are, so payloads that
// are to be counted as lines have none.
//
// # Ordering
//
// The bytes and the file's directory entry are durable BEFORE the store knows of them, and the store's append is
// durable BEFORE Write returns. A crash between the two leaves a tail behind the committed length: it was never
// reported, its sender offers it again, and Open cuts it off. A crash after the append leaves the marks of the effects
// in the store, in the same atomic batch as the length, so their sender does not offer them again. Builds with the tag
// invariants check that it does not.
//
// # Rotation
//
//	announce: {to: 3} in the store ─▶ rename, new file, fsync of the directory ─▶ one append: {length 0, number 3} ─▶ remove the oldest
//
// Between writes a file that is full or old is put aside as NAME-000003.EXT; numbers only rise. Killed before the rename, Open
// finds the committed bytes under the name and forgets the announcement; behind it, it finds them under the number,
// and ends what was begun. Files with numbers are never written again, and never overwritten: one in the way holds the sink
// up. Rotate.Keep removes numbers that this sink gave, no others, and only behind the append.
//
// # Ownership
//
// The sink belongs to its worker's goroutine. The file belongs to the sink: who reads it while it is written sees lines
// before they are committed, which may go and come back, and who changes, moves or shortens it stops the sink. Two sinks
// on one file are refused, in one process and, where the system has flock, in two.
//
// # Failure
//
// E2: every error of the disk and a full store are transient. What a failed attempt left behind is cut off before the
// next one, which writes all bytes again: after a failed fsync the system may hold the old ones for written. When the
// store fails for good, or an append is given up, nobody knows what is committed: the file is left as it is, every
// later Write fails, and the next Open reads what is really there.
//
// The store keeps the file's path, its length, and a checksum of the last bytes before that length. A file that does
// not agree was changed by somebody else: Open refuses it with [ErrChanged], and a Write waits until it is put back. The
// same file at another path is recognized by its checksum. Any other file that has content is unknown, and follows
// Options.OnNew.
//
// # Testing
//
// The kit sink/sinktest with faults of the disk and crashes of a store in memory, and kill -9 with a store on the disk.
package file
