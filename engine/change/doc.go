// Package change compares two configs: what of a running wheel the second would change, and by which means. It is pure: it
// opens nothing, and knows of code only the digests that it is told.
//
//	running config ──┐
//	                 ├──▶ changes by box, each with its effect ──▶ engine, which makes them true
//	new config ──────┘
package change
