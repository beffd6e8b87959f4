// Package rollout is what the command line says of a swap: its strategy by flags, how far it has come, and the figures that it
// ended with.
package rollout
