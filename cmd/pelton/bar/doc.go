// Package bar shows on a terminal how far long work has come.
package bar
