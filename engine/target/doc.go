// Package target opens what messages end in: sessions and sinks, and the arenas between plugins, as a config says.
//
// # Ownership
//
// Who opened one closes it, once no lane reaches it any more.
package target
