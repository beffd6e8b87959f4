// Command pelton runs a wheel and talks to a running one.
//
// # Usage
//
//	pelton init demo && cd demo && pelton run
//	pelton session follow latest --json
//
// # Exit codes
//
// 0 is success, 1 a failure at run time, 2 wrong usage or configuration, 3 an environment that does not allow it: a
// port that is taken, a store that another wheel holds, a wheel that does not answer.
//
// # Ownership
//
// Standard output has what was asked for, and nothing else; messages about it go to standard error. One file is one
// noun of the command line. Each command has its own connection and closes it.
package main
