// Package quota limits how often somebody may do something: a bucket of tokens for each key, for as many keys as are in use.
package quota
