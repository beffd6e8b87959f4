// Package certtest makes certificates for tests: an authority, and what it signs.
package certtest
