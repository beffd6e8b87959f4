// Package watch tells when a file has changed, whoever writes it and however.
//
// # Ownership
//
// [File] and [Reloads] have goroutines of their own, which end with their stop.
package watch
