package rpc

import (
	"context"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

func (w wheel) Apply(ctx context.Context, r *peltonv1.WheelServiceApplyRequest) (*peltonv1.WheelServiceApplyResponse, error) {
	p, err := w.svc.Apply(ctx, api.ApplyOptions{
		Text: []byte(r.GetConfig()), File: r.GetFile(), Artifacts: r.GetArtifacts(), PlanOnly: r.GetPlanOnly(), Hash: r.GetPlanHash(),
		Who: r.GetWho(), Why: r.GetWhy(),
	})
	if err != nil {
		return nil, err
	}
	return &peltonv1.WheelServiceApplyResponse{Plan: wire.ConfigPlan(p)}, nil
}

func (w wheel) GetConfig(ctx context.Context, _ *peltonv1.WheelServiceGetConfigRequest) (*peltonv1.WheelServiceGetConfigResponse, error) {
	c, err := w.svc.RunningConfig(ctx)
	if err != nil {
		return nil, err
	}
	return &peltonv1.WheelServiceGetConfigResponse{Config: c.Text, Hash: c.Hash, File: c.File}, nil
}

func (w wheel) ListEvents(ctx context.Context, r *peltonv1.WheelServiceListEventsRequest) (*peltonv1.WheelServiceListEventsResponse, error) {
	events, err := w.svc.Events(ctx, r.GetAfter(), int(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &peltonv1.WheelServiceListEventsResponse{Events: wire.Each(events, wire.WheelEvent)}, nil
}
