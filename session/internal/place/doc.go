// Package place says where a follower stands in a session and what it must do next. It is pure, so that every order of
// births, trims, deletions and reads is tested without a goroutine.
//
//	Mark      the newest durable place, and whether something may follow it
//	Position  a follower's place; Step is what it does at a mark, Tile turns entries into events without a hole (S1)
//	Ring      the newest entries of one epoch, shared by all who follow
//	Scroll    the same in a transport's encoding, written once for all
package place
