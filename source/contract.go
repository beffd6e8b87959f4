package source

import (
	"context"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
)

// Source is one configured origin of messages, cut into lanes.
type Source interface {
	// Open finds the lanes and their incarnations. The error says which path, address or key of the config is wrong.
	Open(ctx context.Context) ([]Lane, error)
	Close() error
}

// Lane is an ordered slice of a source. Read runs on the lane's reader goroutine, Settled on its loop.
type Lane interface {
	ID() pelton.LaneID
	// Endless lanes never end by themselves: Read returns only with ctx.
	Endless() bool
	// Read feeds d from position `from` on. It returns nil at the end of a finite lane, ctx's error when ctx ends,
	// and any other error when the source failed; Read is then called again after a back-off, from
	// behind what it handed over.
	Read(ctx context.Context, from uint64, d *decode.Decoder) error
	// Settled tells that everything before watermark is settled and that this is durable (D2): the upstream may
	// forget it. It must not block.
	Settled(watermark uint64)
}

// Sized is a lane that knows how far its positions go, for progress.
type Sized interface{ Size() uint64 }

// Renewer is a lane whose content may be replaced under its name: Renewed reports, given the stored position,
// that what is there now is another incarnation.
type Renewer interface {
	Renewed(position uint64) bool
}

// Predecessor is a lane that may know where the content of before is that had its name: Earlier finds it by the stored
// incarnation and position, nil if it is gone. It is read to its end first, and ends with [ErrRenewed].
type Predecessor interface {
	Earlier(incarnation string, position uint64) Lane
}
