package tap

import (
	"context"
	"strings"
	"time"
)

// Request says what to look at.
type Request struct {
	Node    string  // "delays", "delays.late", or with its kind, "sink/late"
	Key     []byte  // only messages with this key; nil: any
	Rate    float64 // samples a second; 0 means limits.tap_rate
	Limit   uint64  // the tap ends after so many samples; 0: it does not
	Payload int     // bytes of a payload that are copied; 0 means 64 KiB
}

// Frame is a part of a tap: first the node alone, then samples with the counts up to them.
type Frame struct {
	Node    string // "kind/name" or "plugin/name.output"; in the first frame only
	Samples []Sample
	Counts  Counts
}

const (
	payload = 64 << 10
	every   = time.Second // counts are told at least so often
	most    = 256         // samples of a frame
)

// Look taps a node until give fails, ctx ends, whose cause is the error then, or the limit is reached, which is none.
func (h *Hub) Look(ctx context.Context, node Node, r Request, give func(Frame) error) error {
	if r.Payload == 0 {
		r.Payload = payload
	}
	t, err := h.Open(Options{Node: node, Key: r.Key, Rate: r.Rate, Payload: r.Payload})
	if err != nil {
		return err
	}
	defer t.Close()
	if err := give(Frame{Node: node.String()}); err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var seen uint64
	var told Counts
	for r.Limit == 0 || seen < r.Limit {
		select {
		case <-t.Wake():
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		samples, counts := t.Take()
		if r.Limit > 0 {
			samples = samples[:min(uint64(len(samples)), r.Limit-seen)]
		}
		seen += uint64(len(samples))
		for len(samples) > 0 || counts != told {
			part := samples[:min(len(samples), most)]
			samples, told = samples[len(part):], counts
			if err := give(Frame{Samples: part, Counts: counts}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Find is what is meant by NAME, PLUGIN.OUTPUT, or either behind KIND/, among all nodes; and what there is, in the words of
// the name.
func Find(name string, all []Node) (found []Node, known []string) {
	for _, n := range all {
		whole := n.String()
		_, short, _ := strings.Cut(whole, "/")
		if name == whole || name == short {
			found = append(found, n)
		}
		if strings.Contains(name, "/") {
			short = whole
		}
		known = append(known, short)
	}
	return found, known
}
