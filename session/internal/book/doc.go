// Package book reads what the store has of the sessions of one name: heads, snapshots, the log. It only reads; package
// record says how all of it lies there.
package book
