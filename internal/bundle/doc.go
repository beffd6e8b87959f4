// Package bundle is the format of the artifacts of process plugins: the files of a program and how it is started, as a
// tar whose first entry is a manifest. The same files make the same bytes, so the digest of an artifact is that of its
// content.
//
// # Usage
//
//	artifact, err := bundle.Pack("plugins/delays", limit)
//	b, err := bundle.Decode(artifact)
//
// # Failure
//
// An artifact may come from anybody who reaches the API: Decode takes only regular files with clean, relative, visible
// names, each once. [ErrFormat] is the class of what it refuses.
package bundle
