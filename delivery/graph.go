package delivery

import (
	"time"

	"github.com/peltonhq/pelton"
)

// Exhausted says what becomes of a delivery after its last attempt.
type Exhausted uint8

// What the policy does after the last attempt. The zero value dead-letters.
const (
	ExhaustedDead Exhausted = iota
	ExhaustedDrop           // counted, nothing kept
	ExhaustedStop           // the lane stops offering to this plugin until it is restarted
)

// Policy is a plugin's retry and order policy; see the configuration's retry and order keys.
type Policy struct {
	Attempts    int           // offers before Exhausted; at least 1
	Initial     time.Duration // wait before the second attempt
	Max         time.Duration // longest wait by back-off
	Exhausted   Exhausted
	Requests    int  // deliveries that await a response before the plugin gets no more
	MaxRequests int  // of one delivery; more count as a failure
	MaxDefers   int  // more end in dead
	ByKey       bool // order: key (D3)
	Behind      int  // records parked behind waiting keys before the lane pauses
}

// Short is the longest wait that stays in memory; a longer one is parked in the store.
const Short = 5 * time.Second

// MinDefer is how far ahead a Defer is at least.
const MinDefer = 100 * time.Millisecond

// backoff is the wait before the attempt that follows the given one: doubling, with up to a quarter of jitter so that
// deliveries that failed together do not come back together. jitter is in [0, 1).
func (p Policy) backoff(attempt uint32, jitter float64) time.Duration {
	wait := p.Initial
	for i := uint32(1); i < attempt && wait < p.Max; i++ {
		wait *= 2
	}
	wait = min(wait, p.Max)
	return wait - time.Duration(float64(wait)/4*jitter)
}

// Plugin is a subscriber of the graph.
type Plugin struct {
	Name      string
	Instances int
	Policy    Policy
	Output    int64             // bytes of effects that may wait for their targets before the plugin gets no more
	Outputs   map[string]Routes // by output name; an output that nobody reads is absent
}

// Routes are the readers of one output, or of the source.
type Routes struct {
	Plugins []int // indexes in Graph.Plugins
	Targets []int // indexes in Graph.Targets
}

// Graph is the part of the wheel that one lane's messages can reach. It is shared by lanes and never changed.
type Graph struct {
	Source  Routes
	Plugins []Plugin
	Targets []pelton.Target // sessions and sinks
}
