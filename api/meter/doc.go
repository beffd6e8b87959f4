// Package meter counts what stands before the wheel: listeners, callers, the GraphQL endpoint. Every limit has its count.
package meter
