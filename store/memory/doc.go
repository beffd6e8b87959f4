// Package memory keeps a store in memory, for tests: the same contract as on a disk, with hooks that hold durability
// back, fail an append, fill the store, or crash.
//
// # Usage
//
//	disk := memory.NewDisk()
//	s, err := disk.Open()       // or memory.New(), when nothing is opened twice
//	s.Hold()                    // appends wait, as for a slow fsync; reads must not see them
//	s.Step(1)                   // the first of them becomes durable
//	s.Crash()                   // the rest is lost; they are answered with store.ErrClosed
//	s, err = disk.Open()        // what was durable is there
//
// # Ordering
//
// Each append is a commit of its own: it is durable in the disk, where reads see it, then answered: D2, S4.
//
// # Ownership
//
// One committer goroutine per open store writes to the disk, or, while it has nothing to do, whoever calls AppendNow. A tree that
// was given to a reader is never written again, so reads and views need no lock while they walk it. The goroutine ends at Close or Crash and uses only channels and short mutexes, so a test may
// open the store inside a testing/synctest bubble.
//
// # Failure
//
// As the hooks say: FailNext, Break, Fill.
//
// # Testing
//
// storetest, as for every implementation; the hooks have tests of their own.
package memory
