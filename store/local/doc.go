// Package local keeps a store in one directory with Pebble, CockroachDB's storage engine, as log and view in one.
//
//	AppendAsync ─▶ queue ─▶ committer: group ─▶ Pebble batch ─▶ WAL, fsync ─▶ snapshot swapped ─▶ done
//	                                                                              │
//	                                              Get, Scan, View ◀── the snapshot of the last fsync
//
// # Usage
//
//	s, err := local.Open(local.Options{Dir: ".pelton", MaxBytes: 10 << 30, Reserve: 64 << 20})
//	defer s.Close()
//	err = s.SetAddr("127.0.0.1:7070") // so that a second process can name who holds the store
//
// # Ordering
//
// The committer takes what waits, up to 1,000 records or 1 MiB, as one atomic batch, and waits for its fsync; what
// arrives meanwhile is the next group, so a busy store shares fsyncs and an idle one does not linger. Only after the
// fsync the published snapshot is swapped, and only then done is called: D2, S4. Pebble itself shows a batch before
// its fsync, which is why no read here goes to the database directly.
//
// With [SyncOff] a commit ends when the operating system has the bytes: it survives the death of the process, not of
// the machine. After a power cut [Open] cuts the log off at its first hole, and Lost tells how much that was.
//
// # Ownership
//
// One committer goroutine writes, calls done, and owns the partitions' epochs and positions. Reads run on their
// caller's goroutine against the published snapshot, which is counted so that a view outlives the next swap. While
// the store is full one more goroutine watches for room. Pebble has its own for flushes and compactions.
//
// # Failure
//
// A failed WAL write, fsync or manifest write stops the store for good (ErrFailed): nothing after it is acknowledged,
// nothing is retried, reads go on. Pebble asks its logger to end the process then; ours marks the store failed.
// Flushes and compactions that fail for want of room are tried again by Pebble. Reserve keeps the disk from filling:
// free space is looked at before every group, and compactions may not
// take the last half of the reserve, nor flushes the last quarter.
//
// After a failure Close gives the directory up only if Pebble can still be closed; else until the process ends.
//
// # Backup
//
// A backup is a checkpoint of Pebble in the directory backup beneath the store's own: links, and copies of the log and
// manifest, at one instant behind a synced log. [Restore] unpacks into the directory restore, opens what came, and only then
// exchanges the files, under the directory's lock; while it does, the file RESTORING makes Open refuse what is there.
//
// # Testing
//
// storetest, and on top of it: a child process killed with -9 while it appends, injected sync errors, a lying disk
// usage, damaged directories, backups under load, restores that end at every step.
package local
