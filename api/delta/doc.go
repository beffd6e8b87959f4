// Package delta has the words for what changes in a running wheel: its config, and what else happens to it.
package delta
