package rpc

import (
	"context"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

func (p plugins) Diff(ctx context.Context, r *peltonv1.PluginServiceDiffRequest) (*peltonv1.PluginServiceDiffResponse, error) {
	d, err := p.svc.Diff(ctx, r.GetName(), int(r.GetFrom()), int(r.GetTo()))
	if err != nil {
		return nil, err
	}
	return wire.Diff(d), nil
}

func (p plugins) Pin(ctx context.Context, r *peltonv1.PluginServicePinRequest) (*peltonv1.PluginServicePinResponse, error) {
	plugin, err := p.svc.Pin(ctx, r.GetName(), !r.GetOff(), api.By{Who: r.GetWho(), Why: r.GetWhy()})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServicePinResponse{Plugin: wire.Plugin(plugin)}, nil
}

func (p plugins) Pause(ctx context.Context, r *peltonv1.PluginServicePauseRequest) (*peltonv1.PluginServicePauseResponse, error) {
	plugin, err := p.svc.Pause(ctx, r.GetName(), r.GetPark(), api.By{Who: r.GetWho(), Why: r.GetWhy()})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServicePauseResponse{Plugin: wire.Plugin(plugin)}, nil
}

func (p plugins) Resume(ctx context.Context, r *peltonv1.PluginServiceResumeRequest) (*peltonv1.PluginServiceResumeResponse, error) {
	plugin, err := p.svc.Resume(ctx, r.GetName(), api.By{Who: r.GetWho(), Why: r.GetWhy()})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceResumeResponse{Plugin: wire.Plugin(plugin)}, nil
}

func (p plugins) Logs(ctx context.Context, r *peltonv1.PluginServiceLogsRequest) (*peltonv1.PluginServiceLogsResponse, error) {
	lines, err := p.svc.Logs(ctx, api.LogQuery{Plugin: r.GetName(), Tail: int(r.GetTail()), Level: r.GetLevel()})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceLogsResponse{Lines: wire.Each(lines, wire.LogLine)}, nil
}

func (p plugins) watch(ctx context.Context, r *peltonv1.PluginServiceWatchLogsRequest, send func(*peltonv1.PluginServiceWatchLogsResponse) error) error {
	q := api.LogQuery{Plugin: r.GetName(), Tail: int(r.GetTail()), Level: r.GetLevel()}
	return p.svc.WatchLogs(ctx, q, func(lines []api.LogLine) error {
		return send(&peltonv1.PluginServiceWatchLogsResponse{Lines: wire.Each(lines, wire.LogLine)})
	})
}

func (p plugins) Delete(ctx context.Context, r *peltonv1.PluginServiceDeleteRequest) (*peltonv1.PluginServiceDeleteResponse, error) {
	removed, err := p.svc.Remove(ctx, api.Removal{Plugin: r.GetPlugin(), Revision: int(r.GetRevision()), Artifact: r.GetArtifact()})
	if err != nil {
		return nil, err
	}
	return &peltonv1.PluginServiceDeleteResponse{Revisions: int32(removed.Revisions), Artifacts: int32(removed.Artifacts)}, nil
}
