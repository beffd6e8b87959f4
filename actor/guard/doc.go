// Package guard looks whether a turn of a plugin shows signs of life, and ends the context of one that does not.
// A turn without one for 10 times limits.time, at least for limits.time and 2 s, is ended, and stuck a quarter of that
// later. The guard looks four times in that span, so both may come up to a quarter later still. It is generous, because a
// machine with more work than processors makes every turn long, and looks several times, because the process may have stood
// still.
//
// # Ownership
//
// A Guard belongs to one actor, which arms it for one turn after another. It calls over on a timer's goroutine.
package guard
