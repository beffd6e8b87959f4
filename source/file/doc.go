// Package file reads messages from one file, or from all that a pattern matches: to their end, or following them as they
// grow. Gzip and zstd are recognized by their first bytes.
//
//	path ─▶ lane "flights.jsonl", incarnation = hash of the first line ─▶ decoder, position = byte offset
//
//	pattern ─▶ watcher ─▶ Host.Begin, Host.End ─▶ a lane for each file, so many at a time
//
// # Usage
//
//	s := file.New(file.Options{Name: "flights", Path: "flights.jsonl"})
//	lanes, err := s.Open(ctx)
//
//	p := file.NewPattern(file.Options{Name: "logs", Path: "logs/*.jsonl", Follow: true})
//	err := p.Join(ctx, host)
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
// takes its name, Read returns source.ErrRenewed, in the latter case once nothing was added to the old one for
// Options.RotateWait, and all of it was read; a name that is gone for a while is waited for. What was rotated while
// nobody read is found beside its name by its first line: [source.Predecessor]. The framing "raw" and packed files can't
// be followed: they have no end before the file has. Among the files of a pattern, packed ones are read once.
//
// Positions of a packed file are offsets in what comes out of it, so resuming unpacks what is skipped.
//
// # Patterns
//
// The name of a lane is its path behind what comes before the first * ? or [. A lane ends, and makes room for the next,
// when its file was read to its end, all of it is settled and durable, and nothing of it is parked; of a followed pattern
// also when nothing was added for a while and another file waits. Files that are renamed within the pattern are known by
// device and inode as long as the process lives: they go on where they were, under the new name. A file without a line
// has no lane.
//
// # Ownership
//
// Each Read opens the file and closes it. Open and Renewed do so too. The watcher is one goroutine, from Join to Close;
// a lane's reader tells it by atomics how far it is.
//
// # Failure
//
// A missing file, a directory and a file that must not be read are errors of Open, with the nearest name that exists.
package file
