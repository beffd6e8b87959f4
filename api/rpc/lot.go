package rpc

import (
	"context"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// dead is DeadLetterService.
type dead struct {
	peltonv1.UnsafeDeadLetterServiceServer
	svc *api.Service
}

func (d dead) List(ctx context.Context, r *peltonv1.DeadLetterServiceListRequest) (*peltonv1.DeadLetterServiceListResponse, error) {
	page, next, err := d.svc.Dead(ctx, wire.DeadQueryOf(r.GetFilter(), r.GetAfter(), r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &peltonv1.DeadLetterServiceListResponse{DeadLetters: wire.Each(page, wire.DeadLetter), Next: next}, nil
}

func (d dead) Get(ctx context.Context, r *peltonv1.DeadLetterServiceGetRequest) (*peltonv1.DeadLetterServiceGetResponse, error) {
	letter, err := d.svc.DeadLetter(ctx, r.GetId())
	if err != nil {
		return nil, err
	}
	return &peltonv1.DeadLetterServiceGetResponse{DeadLetter: wire.DeadLetter(letter)}, nil
}

func (d dead) Replay(ctx context.Context, r *peltonv1.DeadLetterServiceReplayRequest) (*peltonv1.DeadLetterServiceReplayResponse, error) {
	q := wire.DeadQueryOf(r.GetFilter(), "", 0)
	result, err := d.svc.Replay(ctx, r.GetIds(), q, api.ReplayOptions{DryRun: r.GetDryRun(), Force: r.GetForce()})
	if err != nil {
		return nil, err
	}
	return &peltonv1.DeadLetterServiceReplayResponse{
		Replayed: int32(result.Replayed), Skipped: wire.Each(result.Skipped, wire.Skipped),
	}, nil
}

func (d dead) Drop(ctx context.Context, r *peltonv1.DeadLetterServiceDropRequest) (*peltonv1.DeadLetterServiceDropResponse, error) {
	n, err := d.svc.DropDead(ctx, r.GetIds(), wire.DeadQueryOf(r.GetFilter(), "", 0), r.GetDryRun())
	if err != nil {
		return nil, err
	}
	return &peltonv1.DeadLetterServiceDropResponse{Dropped: int32(n)}, nil
}

// parked is ParkedService.
type parked struct {
	peltonv1.UnsafeParkedServiceServer
	svc *api.Service
}

func (p parked) List(ctx context.Context, r *peltonv1.ParkedServiceListRequest) (*peltonv1.ParkedServiceListResponse, error) {
	page, next, err := p.svc.Parked(ctx, wire.ParkedQueryOf(r.GetFilter(), r.GetAfter(), r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &peltonv1.ParkedServiceListResponse{Parked: wire.Each(page, wire.Parked), Next: next}, nil
}

func (p parked) Get(ctx context.Context, r *peltonv1.ParkedServiceGetRequest) (*peltonv1.ParkedServiceGetResponse, error) {
	record, err := p.svc.ParkedRecord(ctx, r.GetId())
	if err != nil {
		return nil, err
	}
	return &peltonv1.ParkedServiceGetResponse{Parked: wire.Parked(record)}, nil
}

func (p parked) Release(ctx context.Context, r *peltonv1.ParkedServiceReleaseRequest) (*peltonv1.ParkedServiceReleaseResponse, error) {
	n, err := p.svc.Release(ctx, r.GetIds(), wire.ParkedQueryOf(r.GetFilter(), "", 0), r.GetDryRun())
	if err != nil {
		return nil, err
	}
	return &peltonv1.ParkedServiceReleaseResponse{Released: int32(n)}, nil
}

func (p parked) Drop(ctx context.Context, r *peltonv1.ParkedServiceDropRequest) (*peltonv1.ParkedServiceDropResponse, error) {
	n, err := p.svc.DropParked(ctx, r.GetIds(), wire.ParkedQueryOf(r.GetFilter(), "", 0), r.GetDryRun())
	if err != nil {
		return nil, err
	}
	return &peltonv1.ParkedServiceDropResponse{Dropped: int32(n)}, nil
}
