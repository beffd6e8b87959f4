package api

import "context"

// Dead gives a page of dead letters.
func (s *Service) Dead(ctx context.Context, q DeadQuery) (page []DeadLetter, next string, err error) {
	if q.Limit, err = limited(q.Limit); err != nil {
		return nil, "", err
	}
	page, next, err = s.b.Lot.Dead(ctx, q)
	return page, next, fail(err)
}

// DeadLetter gives one dead letter.
func (s *Service) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	letter, err := s.b.Lot.DeadLetter(ctx, id)
	return letter, fail(err)
}

// Replay offers dead letters again; see [Lot].
func (s *Service) Replay(ctx context.Context, ids []string, q DeadQuery, o ReplayOptions) (ReplayResult, error) {
	result, err := s.b.Lot.Replay(ctx, ids, q, o)
	return result, fail(err)
}

// DropDead removes dead letters; see [Lot].
func (s *Service) DropDead(ctx context.Context, ids []string, q DeadQuery, dryRun bool) (int, error) {
	n, err := s.b.Lot.Drop(ctx, ids, q, dryRun)
	return n, fail(err)
}

// Parked gives a page of parked deliveries.
func (s *Service) Parked(ctx context.Context, q ParkedQuery) (page []Parked, next string, err error) {
	if q.Limit, err = limited(q.Limit); err != nil {
		return nil, "", err
	}
	switch q.Kind {
	case "", ParkedRetry, ParkedDefer, ParkedHold, ParkedBehind, ParkedReplay:
	default:
		return nil, "", Errorf(InvalidArgument, "kind %q: want retry, defer, hold, behind or replay", q.Kind)
	}
	page, next, err = s.b.Lot.Parked(ctx, q)
	return page, next, fail(err)
}

// ParkedRecord gives one parked delivery.
func (s *Service) ParkedRecord(ctx context.Context, id string) (Parked, error) {
	parked, err := s.b.Lot.ParkedRecord(ctx, id)
	return parked, fail(err)
}

// Release makes parked deliveries due now; see [Lot].
func (s *Service) Release(ctx context.Context, ids []string, q ParkedQuery, dryRun bool) (int, error) {
	n, err := s.b.Lot.Release(ctx, ids, q, dryRun)
	return n, fail(err)
}

// DropParked removes parked deliveries for good; see [Lot].
func (s *Service) DropParked(ctx context.Context, ids []string, q ParkedQuery, dryRun bool) (int, error) {
	n, err := s.b.Lot.DropParked(ctx, ids, q, dryRun)
	return n, fail(err)
}
