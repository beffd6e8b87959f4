package actor

import "sync/atomic"

// Window says how payloads get into the memory of a sandboxed plugin, and counts them. All instances of a plugin share
// one. Where there is none in an [Env], every payload is copied.
type Window struct {
	// Room is the bytes of the arenas that are shown to the plugin as they are, so that large payloads need no copy: at
	// least the sum of their sizes. The plugin can read all that these arenas hold, also what is meant for others. 0:
	// every payload is copied, and the plugin sees nothing but what it is offered.
	Room int64
	// Least is the size in bytes from which a payload is shown in place; 0 means what is measured to pay.
	Least int

	Mapped atomic.Uint64 // payload bytes that were shown in place
	Copied atomic.Uint64 // payload bytes that were copied
	Dirty  atomic.Uint64 // how often the plugin was found to have written into what it is shown
}
