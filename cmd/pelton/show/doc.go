// Package show prints messages and what became of them for people: samples of a tap, results of tests, and what a change
// of a plugin changed. Lines are aligned; colours are given only where [Lines] is told that there is a terminal.
package show
