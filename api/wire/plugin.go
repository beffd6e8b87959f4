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
	}
}

// PluginOf is the inverse of [Plugin].
func PluginOf(p *peltonv1.Plugin) api.Plugin {
	return api.Plugin{
		Name: p.GetName(), Kind: p.GetKind(), Digest: p.GetDigest(), State: p.GetState(), Reason: p.GetReason(),
		Revision: int(p.GetRevision()), Instances: int(p.GetInstances()), Restarts: p.GetRestarts(),
		Outputs: p.GetOutputs(), From: p.GetFrom(),
	}
}

// SwapResult is r on the wire.
func SwapResult(r api.SwapResult) *peltonv1.SwapResult {
	return &peltonv1.SwapResult{
		Plugin: r.Plugin, Outcome: r.Outcome, Reason: r.Reason, Revision: int32(r.Revision), Digest: r.Digest,
		Live: int32(r.Live), Took: Duration(r.Took),
	}
}

// SwapResultOf is the inverse of [SwapResult].
func SwapResultOf(r *peltonv1.SwapResult) api.SwapResult {
	return api.SwapResult{
		Plugin: r.GetPlugin(), Outcome: r.GetOutcome(), Reason: r.GetReason(), Revision: int(r.GetRevision()),
		Digest: r.GetDigest(), Live: int(r.GetLive()), Took: DurationOf(r.GetTook()),
	}
}

// Revision is r on the wire.
func Revision(r api.Revision) *peltonv1.Revision {
	return &peltonv1.Revision{
		Number: int32(r.Number), Digest: r.Digest, Who: r.Who, Why: r.Why, Outcome: r.Outcome, Reason: r.Reason,
		Source: r.Source, At: Time(r.At), Live: r.Live,
	}
}

// RevisionOf is the inverse of [Revision].
func RevisionOf(r *peltonv1.Revision) api.Revision {
	return api.Revision{
		Number: int(r.GetNumber()), Digest: r.GetDigest(), Who: r.GetWho(), Why: r.GetWhy(), Outcome: r.GetOutcome(),
		Reason: r.GetReason(), Source: r.GetSource(), At: TimeOf(r.GetAt()), Live: r.GetLive(),
	}
}
