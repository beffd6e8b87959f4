package api

import (
	"context"
	"time"

	"github.com/peltonhq/pelton"
)

// Settle ends a held delivery with a verdict; see [Deliveries].
func (s *Service) Settle(ctx context.Context, token string, v pelton.Verdict, emits []pelton.Emit) error {
	if err := s.allow(ctx, "Settle", target{}); err != nil {
		return err
	}
	if token == "" {
		return Errorf(InvalidArgument, "settle: the token is empty; want the hold's delivery/attempt")
	}
	switch v.Decision {
	case pelton.DecisionAck:
	case pelton.DecisionRetry, pelton.DecisionDead:
	case pelton.DecisionDefer:
		if v.Until.IsZero() {
			return Errorf(InvalidArgument, "settle %s: defer needs a time in until", token)
		}
	default:
		return Errorf(InvalidArgument, "settle %s: decision %s; want ack, retry, defer or dead (extend keeps a hold open)", token, v.Decision)
	}
	if len(emits) > 0 && v.Decision != pelton.DecisionAck {
		return Errorf(InvalidArgument, "settle %s: %d emits with %s; emits take effect only with ack", token, len(emits), v.Decision)
	}
	if v.After < 0 {
		return Errorf(InvalidArgument, "settle %s: after %s: must not be negative", token, v.After)
	}
	return fail(s.b.Deliveries.Settle(ctx, token, v, emits))
}

// Extend makes a hold's lease end this long from now.
func (s *Service) Extend(ctx context.Context, token string, lease time.Duration) error {
	if err := s.allow(ctx, "Extend", target{}); err != nil {
		return err
	}
	if token == "" {
		return Errorf(InvalidArgument, "extend: the token is empty; want the hold's delivery/attempt")
	}
	if lease <= 0 {
		return Errorf(InvalidArgument, "extend %s: lease %s: must be longer than 0", token, lease)
	}
	return fail(s.b.Deliveries.Extend(ctx, token, lease))
}
