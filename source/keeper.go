package source

import "context"

// Keeper is what a [Host] can tell, and do, about lanes that a source begins and ends as it has work for them.
type Keeper interface {
	// Quiet reports whether nothing of a lane is under way or parked: ending it leaves nothing behind.
	Quiet(l Lane) bool
	// Rename gives lanes the stored places of others, all at once: names are old ones by new ones. It is for content that
	// was read under one name and has another now.
	Rename(ctx context.Context, names map[string]string) error
}

// Ender is a [Shared] source that may have an end.
type Ender interface {
	// Ended reports whether every lane was begun, and has ended.
	Ended() bool
}
