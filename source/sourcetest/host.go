package sourcetest

import (
	"context"
	"testing"

	"github.com/peltonhq/pelton/source"
)

// host is the wheel's side of a shared source: it is told of the one lane, and ends its Read when that is taken away.
type host struct {
	t     *testing.T
	begun chan source.Lane

	ctx  context.Context //nolint:containedctx // of the lane's life
	stop context.CancelFunc
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, begun: make(chan source.Lane, 1)}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h
}

// Begin implements [source.Host].
func (h *host) Begin(_ context.Context, l source.Lane) error {
	select {
	case h.begun <- l:
	default:
		h.t.Error("the lane began twice")
	}
	return nil
}

// End implements [source.Host].
func (h *host) End(context.Context, source.Lane) { h.stop() }

// Warn implements [source.Host].
func (h *host) Warn(err error) { h.t.Logf("warning: %v", err) }

// reads is the context of a Read that ends with ctx, or when the lane is taken away.
func (h *host) reads(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(h.ctx, cancel)
	return ctx
}
