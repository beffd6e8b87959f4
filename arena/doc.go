// Package arena lends messages out of one bounded piece of memory by generational reference.
package arena
