// Package backup is the format of a store's backup: a tar whose first file describes the others, and whose last one has
// their digests.
//
//	BACKUP.json │ file │ file │ … │ SHA256SUMS │ end of archive
//
// # Usage
//
//	size, err := backup.Write(w, header, open)
//	header, err := backup.Read(r, func(f backup.File, r io.Reader) error { … })
//
// Any tar reads it, and `sha256sum -c SHA256SUMS` in the directory that it unpacks to checks it.
//
// # Failure
//
// Read gives no error only if every byte of every file came back: a backup that ends early, has other bytes, or more or
// fewer files is an [ErrTorn]. It says so only at the end, so what was read before must be thrown away. [ErrFormat] is the
// class of what is no backup, or one of a newer program; so is one whose files have names that are no plain file names.
package backup
