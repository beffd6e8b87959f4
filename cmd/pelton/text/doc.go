// Package text says things as people read them: tables, payloads, times, sizes.
package text
