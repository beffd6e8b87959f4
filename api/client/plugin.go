package client

import (
	"context"
	"errors"
	"io"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// Plugins is every plugin and reducer.
func (c *Client) Plugins(ctx context.Context) ([]api.Plugin, error) {
	res, err := c.plugins.List(ctx, &peltonv1.PluginServiceListRequest{})
	return wire.Each(res.GetPlugins(), wire.PluginOf), c.fail(err)
}

// Has reports whether the wheel stores an artifact.
func (c *Client) Has(ctx context.Context, digest string) (bool, error) {
	res, err := c.plugins.Has(ctx, &peltonv1.PluginServiceHasRequest{Digest: digest})
	return res.GetStored(), c.fail(err)
}

// chunkSize is how much of an artifact goes into one message.
const chunkSize = 256 << 10

// Push uploads the artifact of size bytes that r gives. Progress, if not nil, is told how many were sent.
func (c *Client) Push(ctx context.Context, digest string, size int64, r io.Reader, progress func(sent int64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.plugins.Push(ctx)
	if err != nil {
		return c.fail(err)
	}
	err = stream.Send(&peltonv1.PluginServicePushRequest{Digest: digest, Size: size})
	buf := make([]byte, chunkSize)
	for sent := int64(0); err == nil; {
		n, readErr := io.ReadFull(r, buf)
		if n > 0 {
			err = stream.Send(&peltonv1.PluginServicePushRequest{Chunk: buf[:n]})
			if sent += int64(n); err == nil && progress != nil {
				progress(sent)
			}
		}
		if errors.Is(readErr, io.EOF) || errors.Is(readErr, io.ErrUnexpectedEOF) {
			break
		}
		if readErr != nil {
			return api.Errorf(api.InvalidArgument, "push %s: read the artifact: %w", digest, readErr)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return c.fail(err)
	}
	_, err = stream.CloseAndReceive() // after io.EOF of a send, the server's reason
	return c.fail(err)
}

// Swap makes an artifact the plugin's new revision and waits for the outcome.
func (c *Client) Swap(ctx context.Context, name, digest string, o api.SwapOptions) (api.SwapResult, error) {
	res, err := c.plugins.Swap(ctx, &peltonv1.PluginServiceSwapRequest{
		Name: name, Digest: digest, Who: o.Who, Why: o.Why, Expect: int32(o.Expect), Revision: int32(o.Revision), Strategy: wire.Strategy(o.Strategy),
	})
	return wire.SwapResultOf(res.GetResult()), c.fail(err)
}

// Rollback goes back to the revision before and waits for the outcome.
func (c *Client) Rollback(ctx context.Context, name string, o api.SwapOptions) (api.SwapResult, error) {
	res, err := c.plugins.Rollback(ctx, &peltonv1.PluginServiceRollbackRequest{
		Name: name, Who: o.Who, Why: o.Why, Expect: int32(o.Expect), Strategy: wire.Strategy(o.Strategy),
	})
	return wire.SwapResultOf(res.GetResult()), c.fail(err)
}

// History is every revision of a plugin, oldest first.
func (c *Client) History(ctx context.Context, name string) ([]api.Revision, error) {
	res, err := c.plugins.History(ctx, &peltonv1.PluginServiceHistoryRequest{Name: name})
	return wire.Each(res.GetRevisions(), wire.RevisionOf), c.fail(err)
}
