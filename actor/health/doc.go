// Package health judges a new version of a plugin by its figures, against fixed bounds and against the figures of the
// version before it. It is pure: it reads no clock and starts no goroutine; package actor gives it what happened.
//
//	actor ──Add──▶ Sample of the old ─┐
//	      ──Add──▶ Sample of the new ─┴─▶ Judge.Look ──▶ "" or the reason of a breach
//
// # The test
//
// Two rates that are equal never look equal in a small sample, and who looks often enough sees any difference once. So a
// breach of a bound that compares the versions needs two things: the figures differ by more than the bound allows, and a
// difference like this is no chance. The second is an exact test. Of errors: Fisher's, the probability that as many of all
// errors, or more, fall to the new version when an error is as likely with either. Of latency: the binomial one, the
// probability of as many turns above the bound when one in a hundred is. The probability must be below Alpha over k(k+1) at the k-th
// look, and a look counts only when the sample has grown by a tenth. The looks' shares sum up to Alpha, so that is the
// most that a version which is no worse is sent back by chance with, however long it is watched.
//
// # Ownership
//
// Nothing here is safe for use by several goroutines; who shares a Sample locks it.
package health
