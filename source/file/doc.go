// Package file reads messages from one file: to its end, or following it as it grows. Gzip is recognized by its first
// bytes.
//
//	path ─▶ lane "flights.jsonl", incarnation = hash of the first line ─▶ decoder, position = byte offset
//
// # Usage
//
//	s := file.New(file.Options{Name: "flights", Path: "flights.jsonl"})
//	lanes, err := s.Open(ctx)
//
// # Identity
//
// The incarnation is the hash of the first line, at most 1 KiB of it, and not the inode: a fresh checkout of the same
// file goes on where the old one was. An empty file is "empty"; so is, when following, one whose first line has no end
// yet. A file that is shorter than the stored position is a new incarnation (see source.Resume). What this cannot tell:
// a file that was replaced by one with the same first line and at least as long is taken for the same.
//
// # Following
//
// The file is looked at every 100 ms. An unfinished last line is held back. When the file is truncated, or another one
// takes its name (then the old one is read to its end first), Read returns source.ErrRenewed; a name that is gone for
// a while is waited for. Gzip and the framing "raw" can't be followed: neither has an end before the file has.
//
// Positions of a gzip file are offsets in the decompressed stream, so resuming decompresses what is skipped.
//
// # Ownership
//
// Each Read opens the file and closes it. Open and Renewed do so too.
//
// # Failure
//
// A missing file, a directory and a file that must not be read are errors of Open, with the nearest name that exists.
package file
