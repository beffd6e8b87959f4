// Package grant opens what a config lets a plugin use of the world: its own state, and requests.
package grant
