// Package draw draws the graph of a wheel as text.
package draw
