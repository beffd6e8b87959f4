package meter

import (
	"sync/atomic"
	"time"
)

// Door counts what was turned away. All fields may be used from any goroutine.
type Door struct {
	Connections atomic.Int64  // open
	Crowded     atomic.Uint64 // connections closed at once: api.limits.connections
	Streams     atomic.Int64  // follows and watches under way
	Busy        atomic.Uint64 // streams refused: api.limits.streams
	Throttled   atomic.Uint64 // calls refused: api.limits.rate
	Slow        atomic.Uint64 // requests whose body came too slowly: api.limits.body_rate
	Stalled     atomic.Uint64 // answers that a client did not take: api.limits.stall
	Lists       atomic.Uint64 // appends of too many messages: api.limits.append_messages
	Foreign     atomic.Uint64 // requests of another site's page, or to a name that is not ours

	Unauthenticated atomic.Uint64
	Denied          atomic.Uint64
	Guesses         atomic.Uint64 // log-ins that were not looked at after too many wrong ones: api.limits.failures
	Reloads         atomic.Uint64 // certificates that were read again
	BadReloads      atomic.Uint64 // and could not be
	Expiry          atomic.Int64  // when the certificate ends, in seconds since 1970; 0: none
}

// DoorStats are the figures of what stands before the wheel.
type DoorStats struct {
	Connections int64             `json:"connections"`
	Streams     int64             `json:"streams"` // follows and watches
	Refused     map[string]uint64 `json:"refused"` // connections, streams, calls and requests that were turned away, by reason
	Reloads     uint64            `json:"reloads"` // of the certificate
	BadReloads  uint64            `json:"bad_reloads"`
	Expiry      time.Time         `json:"certificate_expiry,omitzero"`
}

// Figures are the counts now.
func (m *Door) Figures() *DoorStats {
	s := &DoorStats{
		Connections: m.Connections.Load(), Streams: m.Streams.Load(), Reloads: m.Reloads.Load(), BadReloads: m.BadReloads.Load(),
		Refused: map[string]uint64{
			"connections": m.Crowded.Load(), "streams": m.Busy.Load(), "rate": m.Throttled.Load(), "body_rate": m.Slow.Load(),
			"stall": m.Stalled.Load(), "append_messages": m.Lists.Load(),
			"foreign": m.Foreign.Load(), "unauthenticated": m.Unauthenticated.Load(), "denied": m.Denied.Load(), "failures": m.Guesses.Load(),
		},
	}
	if at := m.Expiry.Load(); at != 0 {
		s.Expiry = time.Unix(at, 0).UTC()
	}
	return s
}
