// Package store keeps everything durable: a log that makes records durable under an owner's token, and a view, one
// ordered key space, that all reads use. It holds the contract; store/local keeps it with Pebble on a disk,
// store/memory in memory for tests, and store/storetest tells whether an implementation keeps it.
//
//	Claim(partition) ─▶ Token
//	AppendAsync(Token, records) ─▶ queue ─▶ committer: one atomic batch, fsync ─▶ published view ─▶ done(Pos)
//	                                                                                   ▲
//	                                                              Get, Scan, View ─────┘
//
// # Usage
//
//	token, err := s.Claim(ctx, "lane/flights")
//	pos, err := s.Append(ctx, token, []store.Record{
//		{Op: store.Put, Key: store.Key(store.SpaceCheckpoint, lane), Value: position},
//		{Op: store.DeleteRange, Key: low, End: high},
//	})
//	prefix := store.Key(store.SpaceDead, plugin)
//	for entry, err := range s.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{Limit: 100}) { … }
//
// Keys are tuples in one of the spaces of space.go; key.go encodes them so that they sort as their parts do. Marks of effects
// that become durable together share a record: mark.go.
//
// # Ordering
//
// The appends of one goroutine are in the log in the order of its calls, and done is called in that order. Records of
// one append apply in order, all or none of them. An append is durable before done (D2), and the view shows it before
// done and after its fsync, never earlier (S4).
//
// # Ownership
//
// Records and their bytes belong to the store from AppendAsync until done. What Get and Scan return belongs to the
// caller (S3). A partition has one owner at a time, the one with the newest token; the others are fenced.
//
// # Failure
//
// ErrFull is the one error to wait out (see [Store.Full]): nothing is evicted and nothing is lost. ErrFailed is
// final: after a failed write or sync nobody knows what is on the disk, so the store takes no more appends until it is
// opened again. Reads go on.
//
// # Testing
//
// Tests of other packages use store/memory: its hooks hold durability back, fail an append, or crash.
package store
