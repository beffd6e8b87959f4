package wire

import (
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/meter"
)

// Entry is an entry of the audit log on the wire.
func Entry(e api.Entry) *peltonv1.AuditEntry {
	return &peltonv1.AuditEntry{
		Id: e.ID, Time: Time(e.Time), Who: e.Who, From: e.From, Act: e.Act, On: e.On, Outcome: e.Outcome, Reason: e.Reason, Why: e.Why,
	}
}

// EntryOf is the inverse of [Entry].
func EntryOf(e *peltonv1.AuditEntry) api.Entry {
	return api.Entry{
		ID: e.GetId(), Time: TimeOf(e.GetTime()), Who: e.GetWho(), From: e.GetFrom(), Act: e.GetAct(), On: e.GetOn(),
		Outcome: e.GetOutcome(), Reason: e.GetReason(), Why: e.GetWhy(),
	}
}

func front(s *meter.DoorStats) *peltonv1.ApiStats {
	if s == nil {
		return nil
	}
	return &peltonv1.ApiStats{
		Connections: s.Connections, Streams: s.Streams, Refused: s.Refused, Reloads: s.Reloads, BadReloads: s.BadReloads,
		CertificateExpiry: Time(s.Expiry),
	}
}

func frontOf(s *peltonv1.ApiStats) *meter.DoorStats {
	if s == nil {
		return nil
	}
	return &meter.DoorStats{
		Connections: s.GetConnections(), Streams: s.GetStreams(), Refused: s.GetRefused(), Reloads: s.GetReloads(),
		BadReloads: s.GetBadReloads(), Expiry: TimeOf(s.GetCertificateExpiry()),
	}
}
