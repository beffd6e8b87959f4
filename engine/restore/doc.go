// Package restore makes the store of a wheel that does not run from a backup.
//
//	done, err := restore.Store(ctx, c, file, false)
package restore
