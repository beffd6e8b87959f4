//go:build !linux

package wasm

import "errors"

// shows says why arenas can't be shown to guests.
func shows() error { return errors.New("it needs Linux") }

// What follows is never called.

func lay([]byte, int) error     { return shows() }
func lift([]byte) error         { return shows() }
func drop([]byte)               {}
func faults() uint64            { return 0 }
func repair([]byte, []byte) int { return 0 }
