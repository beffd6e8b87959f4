package event_test

import (
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/event"
)

// An event is kept in words with how bad it is; what plugins log and what is in the audit log is kept there.
func TestNote(t *testing.T) {
	at := time.Unix(1, 0).UTC()
	for _, c := range []struct {
		e    event.Event
		want delta.Event
	}{
		{
			event.Event{Event: "swapped", Plugin: "delays", Revision: 2, Outcome: api.OutcomeRolledBack, Reason: "3 traps in a row"},
			delta.Event{Kind: "swapped", Level: "error", Plugin: "delays", Revision: 2, Text: "plugin delays: revision 2 rolled back: 3 traps in a row"},
		},
		{
			event.Event{Event: "swapped", Plugin: "delays", Revision: 2, Outcome: api.OutcomeLive},
			delta.Event{Kind: "swapped", Level: "info", Plugin: "delays", Revision: 2, Text: "plugin delays: revision 2 live"},
		},
		{
			event.Event{Event: "paused", Source: "flights", Reason: "store: full"},
			delta.Event{Kind: "paused", Level: "warn", Source: "flights", Text: "source flights paused: store: full"},
		},
		{event.Event{Event: "resumed", Source: "flights"}, delta.Event{Kind: "resumed", Level: "info", Source: "flights", Text: "source flights goes on"}},
		{event.Event{Event: "apply", Outcome: api.AppliedRefused, Reason: "c.yaml:1:1: bad"}, delta.Event{Kind: "apply", Level: "error", Text: "apply refused: c.yaml:1:1: bad"}},
		{event.Event{Event: "failed", Source: "flights", Reason: "gone"}, delta.Event{Kind: "failed", Level: "error", Source: "flights", Text: "source flights failed: gone"}},
		{event.Event{Event: "log", Plugin: "delays", Level: "warn", Reason: "x"}, delta.Event{}},
		{event.Event{Event: "audit", Bulk: event.Bulk{Audit: &api.Entry{Who: "ada"}}}, delta.Event{}},
	} {
		c.e.Time = at
		got, ok := c.e.Note()
		if c.want != (delta.Event{}) {
			c.want.Time = at
		}
		if ok != (c.want != delta.Event{}) || got != c.want {
			t.Errorf("%s: %t %+v, want %+v", c.e.Event, ok, got, c.want)
		}
	}
}
