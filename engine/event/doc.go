// Package event has the words in which a running wheel tells what happens to it, for programs and for people.
package event
