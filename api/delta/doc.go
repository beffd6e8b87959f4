// Package delta has the words for what a config changes of a running wheel.
package delta
