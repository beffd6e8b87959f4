package source

import (
	"context"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/decode"
)

// Shared is a source whose lanes are shared with other processes and change hands while it runs: a Kafka topic, whose
// partitions belong to the members of a group.
//
// Open gives every lane there is, whoever has it: each is a [Rest], which reads nothing, so that what this process has
// parked of a lane can come back also while another process has it. Join takes part from then on.
type Shared interface {
	Source
	// Join returns soon; from then on the source calls h until Close. One lane's calls come one after the other.
	Join(ctx context.Context, h Host) error
}

// Host runs the lanes of a [Shared] source: it is what Join is given.
type Host interface {
	// Begin runs a lane that is this process's now, in place of a rest of the same name. After an error it does not
	// run; the host has reported that.
	Begin(ctx context.Context, l Lane) error
	// End stops a lane that is this process's no longer. What is being handled is finished, as far as ctx allows; what
	// waits is abandoned, since the lane's next owner gets it (D3). When it returns, Settled is not called again. A
	// lane that does not run is no mistake.
	End(ctx context.Context, l Lane)
	// Warn reports what the source tries again, or could not keep.
	Warn(err error)
}

// Rest is a lane of which nothing is read here.
func Rest(id pelton.LaneID) Lane { return rest(id) }

type rest pelton.LaneID

func (r rest) ID() pelton.LaneID { return pelton.LaneID(r) }
func (r rest) Endless() bool     { return true }
func (r rest) Settled(uint64)    {}

func (r rest) Read(ctx context.Context, _ uint64, _ *decode.Decoder) error {
	<-ctx.Done()
	return ctx.Err()
}
