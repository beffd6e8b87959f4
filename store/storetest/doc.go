// Package storetest tells whether a store keeps the contract of package store. Every implementation runs it.
//
// # Usage
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) func() store.Store {
//			dir := t.TempDir()
//			return func() store.Store { … open the same data each time … }
//		})
//	}
//
// # Testing
//
// What needs a crash or a hook (reads that are bounded by durability while a sync is pending, kill -9, a full disk) is
// in the tests of the implementations, because only they can cause it.
package storetest
