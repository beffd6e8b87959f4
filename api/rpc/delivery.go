package rpc

import (
	"context"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// deliveries is DeliveryService.
type deliveries struct {
	peltonv1.UnsafeDeliveryServiceServer
	svc *api.Service
}

func (d deliveries) Settle(ctx context.Context, r *peltonv1.DeliveryServiceSettleRequest) (*peltonv1.DeliveryServiceSettleResponse, error) {
	if err := d.svc.Settle(ctx, r.GetToken(), wire.VerdictOf(r.GetVerdict()), wire.Each(r.GetEmits(), wire.EmitOf)); err != nil {
		return nil, err
	}
	return &peltonv1.DeliveryServiceSettleResponse{}, nil
}

func (d deliveries) Extend(ctx context.Context, r *peltonv1.DeliveryServiceExtendRequest) (*peltonv1.DeliveryServiceExtendResponse, error) {
	if err := d.svc.Extend(ctx, r.GetToken(), wire.DurationOf(r.GetLease())); err != nil {
		return nil, err
	}
	return &peltonv1.DeliveryServiceExtendResponse{}, nil
}
