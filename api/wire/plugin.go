package wire

import (
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
)

// Plugin is p on the wire.
func Plugin(p api.Plugin) *peltonv1.Plugin {
	return &peltonv1.Plugin{
		Name: p.Name, Kind: p.Kind, Digest: p.Digest, State: p.State, Reason: p.Reason, Revision: int32(p.Revision),
		Instances: int32(p.Instances), Restarts: p.Restarts, Outputs: p.Outputs, From: p.From,
		Rollout: rollout(p.Rollout), Pinned: mark(p.Pinned), Paused: mark(p.Paused),
	}
}

// PluginOf is the inverse of [Plugin].
func PluginOf(p *peltonv1.Plugin) api.Plugin {
	return api.Plugin{
		Name: p.GetName(), Kind: p.GetKind(), Digest: p.GetDigest(), State: p.GetState(), Reason: p.GetReason(),
		Revision: int(p.GetRevision()), Instances: int(p.GetInstances()), Restarts: p.GetRestarts(),
		Outputs: p.GetOutputs(), From: p.GetFrom(),
		Rollout: rolloutOf(p.GetRollout()), Pinned: markOf(p.GetPinned()), Paused: markOf(p.GetPaused()),
	}
}

// SwapResult is r on the wire.
func SwapResult(r api.SwapResult) *peltonv1.SwapResult {
	return &peltonv1.SwapResult{
		Plugin: r.Plugin, Outcome: r.Outcome, Reason: r.Reason, Revision: int32(r.Revision), Digest: r.Digest,
		Live: int32(r.Live), Took: Duration(r.Took), Strategy: r.Strategy, Figures: figures(r.Figures),
	}
}

// SwapResultOf is the inverse of [SwapResult].
func SwapResultOf(r *peltonv1.SwapResult) api.SwapResult {
	return api.SwapResult{
		Plugin: r.GetPlugin(), Outcome: r.GetOutcome(), Reason: r.GetReason(), Revision: int(r.GetRevision()),
		Digest: r.GetDigest(), Live: int(r.GetLive()), Took: DurationOf(r.GetTook()),
		Strategy: r.GetStrategy(), Figures: figuresOf(r.GetFigures()),
	}
}

// Revision is r on the wire.
func Revision(r api.Revision) *peltonv1.Revision {
	return &peltonv1.Revision{
		Number: int32(r.Number), Digest: r.Digest, Who: r.Who, Why: r.Why, Outcome: r.Outcome, Reason: r.Reason,
		Source: r.Source, At: Time(r.At), Live: r.Live, Strategy: r.Strategy, Figures: figures(r.Figures), Size: r.Size,
		ConfigHash: r.ConfigHash, Outputs: r.Outputs, Built: r.Built, Deleted: r.Deleted,
	}
}

// RevisionOf is the inverse of [Revision].
func RevisionOf(r *peltonv1.Revision) api.Revision {
	return api.Revision{
		Number: int(r.GetNumber()), Digest: r.GetDigest(), Who: r.GetWho(), Why: r.GetWhy(), Outcome: r.GetOutcome(),
		Reason: r.GetReason(), Source: r.GetSource(), At: TimeOf(r.GetAt()), Live: r.GetLive(),
		Strategy: r.GetStrategy(), Figures: figuresOf(r.GetFigures()), Size: r.GetSize(), ConfigHash: r.GetConfigHash(),
		Outputs: r.GetOutputs(), Built: r.GetBuilt(), Deleted: r.GetDeleted(),
	}
}

func mark(m *api.Mark) *peltonv1.Mark {
	if m == nil {
		return nil
	}
	return &peltonv1.Mark{Who: m.Who, Why: m.Why, At: Time(m.At), Park: m.Park}
}

func markOf(m *peltonv1.Mark) *api.Mark {
	if m == nil {
		return nil
	}
	return &api.Mark{Who: m.GetWho(), Why: m.GetWhy(), At: TimeOf(m.GetAt()), Park: m.GetPark()}
}

// Diff is d on the wire.
func Diff(d api.Diff) *peltonv1.PluginServiceDiffResponse {
	return &peltonv1.PluginServiceDiffResponse{
		Plugin: d.Plugin, From: Revision(d.From), To: Revision(d.To), Changes: Each(d.Changes, change), Config: d.Config,
	}
}

// DiffOf is the inverse of [Diff].
func DiffOf(d *peltonv1.PluginServiceDiffResponse) api.Diff {
	return api.Diff{
		Plugin: d.GetPlugin(), From: RevisionOf(d.GetFrom()), To: RevisionOf(d.GetTo()), Changes: Each(d.GetChanges(), changeOf),
		Config: d.GetConfig(),
	}
}

func change(c api.Change) *peltonv1.Change {
	return &peltonv1.Change{What: c.What, From: c.From, To: c.To}
}

func changeOf(c *peltonv1.Change) api.Change {
	return api.Change{What: c.GetWhat(), From: c.GetFrom(), To: c.GetTo()}
}

// LogLine is l on the wire.
func LogLine(l api.LogLine) *peltonv1.LogLine {
	return &peltonv1.LogLine{Seq: l.Seq, Time: Time(l.Time), Plugin: l.Plugin, Revision: int32(l.Revision), Level: l.Level, Text: l.Text}
}

// LogLineOf is the inverse of [LogLine].
func LogLineOf(l *peltonv1.LogLine) api.LogLine {
	return api.LogLine{
		Seq: l.GetSeq(), Time: TimeOf(l.GetTime()), Plugin: l.GetPlugin(), Revision: int(l.GetRevision()), Level: l.GetLevel(), Text: l.GetText(),
	}
}
