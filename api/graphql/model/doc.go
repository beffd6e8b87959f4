// Package model has the scalars of the GraphQL schema, and the types that have no counterpart in package api or differ
// from it: those of a follow, whose union needs types of its own, and those with a payload.
package model
