// Package tail keeps the newest lines that a plugin logged, and the newest events of the wheel, in bounded memory, for those who look at them later and those who
// follow.
//
// # Ownership
//
// A log may be used by several goroutines. It keeps no followers: one is a number, and asks for what is behind it.
package tail
