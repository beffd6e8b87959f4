package api

import (
	"context"
	"errors"
	"sync"

	"github.com/peltonhq/pelton/api/meter"
	"github.com/peltonhq/pelton/internal/quota"
)

// Service is pelton.v1 without a transport. Its methods may be called from any goroutine; every error is an [*Error].
type Service struct {
	b      Backend
	closed context.Context
	close  context.CancelFunc
	mu     sync.Mutex // no feed begins while the service closes
	feeds  sync.WaitGroup
	quota  *quota.Quota
	meter  *meter.Door

	// GraphQL counts what the endpoint of that name does; it tells, and [Service.Stats] gives the figures.
	GraphQL meter.GraphQL
}

// errShutdown is the cause of every context that ends because the service closes.
var errShutdown = errors.New("the wheel is shutting down")

// New builds the service of a wheel.
func New(b Backend) *Service {
	closed, cancel := context.WithCancel(context.Background())
	s := &Service{b: b, closed: closed, close: cancel, meter: b.Guard.Meter}
	if s.meter == nil {
		s.meter = new(meter.Door)
	}
	if b.Guard.On {
		s.quota = quota.New(b.Guard.Rate, b.Guard.Burst)
	}
	return s
}

// Close ends every follow with a closed frame and every watch with [Unavailable], and waits until they have let go.
// Other methods go on working, so that a server can be drained afterwards.
func (s *Service) Close() {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.feeds.Wait()
}

// Closing is closed when the service begins to close.
func (s *Service) Closing() <-chan struct{} { return s.closed.Done() }

// limited keeps a page's size within what one answer carries.
func limited(limit int) (int, error) {
	const most = 1000
	switch {
	case limit < 0:
		return 0, Errorf(InvalidArgument, "limit %d: must not be negative", limit)
	case limit == 0 || limit > most:
		return most, nil
	}
	return limit, nil
}

// fail is Wrap for a returned error: a typed nil must not become an error.
func fail(err error) error {
	if err == nil {
		return nil
	}
	return Wrap(err)
}

// list makes nil an empty list, which is [] in JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
