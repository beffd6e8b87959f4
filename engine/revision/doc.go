// Package revision keeps what the store knows of plugins' code: the artifacts by digest, the revisions of each plugin with the
// config that each ran with, and the desired state of the wheel.
//
// # Usage
//
//	book, err := revision.Open(ctx, store, limits.Revisions)
//	r, err := book.Next("delays", digest, settings)
//	err = book.Commit(ctx, revision.Change{Plugin: "delays", Put: []revision.Record{r}, Set: func(p *revision.Plugin) { p.Live = r.Number }})
//
// # Ordering
//
// A revision, its artifact, the one that it supersedes and the desired state are one append: what is live is in the store.
//
// # Ownership
//
// There is one book for a store, whose partition it claims. The desired state is one document, which a change reads and
// writes under a lock, and Expect is compared there: of two changes that expect the same live revision one is refused.
//
// # Failure
//
// Errors that an operator can do something about are of package api, with their code. The others are the store's.
package revision
