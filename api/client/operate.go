package client

import (
	"context"
	"errors"
	"io"

	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// Diff says what differs between two revisions: 0 for to is the live one, 0 for from the one before to.
func (c *Client) Diff(ctx context.Context, name string, from, to int) (api.Diff, error) {
	res, err := c.plugins.Diff(ctx, &peltonv1.PluginServiceDiffRequest{Name: name, From: int32(from), To: int32(to)})
	return wire.DiffOf(res), c.fail(err)
}

// Pin lets nothing but its own health change a plugin's code, or lets it again.
func (c *Client) Pin(ctx context.Context, name string, on bool, by api.By) (api.Plugin, error) {
	res, err := c.plugins.Pin(ctx, &peltonv1.PluginServicePinRequest{Name: name, Off: !on, Who: by.Who, Why: by.Why})
	return wire.PluginOf(res.GetPlugin()), c.fail(err)
}

// Pause offers a plugin nothing; with park its deliveries are parked.
func (c *Client) Pause(ctx context.Context, name string, park bool, by api.By) (api.Plugin, error) {
	res, err := c.plugins.Pause(ctx, &peltonv1.PluginServicePauseRequest{Name: name, Park: park, Who: by.Who, Why: by.Why})
	return wire.PluginOf(res.GetPlugin()), c.fail(err)
}

// Resume lets a plugin go on.
func (c *Client) Resume(ctx context.Context, name string, by api.By) (api.Plugin, error) {
	res, err := c.plugins.Resume(ctx, &peltonv1.PluginServiceResumeRequest{Name: name, Who: by.Who, Why: by.Why})
	return wire.PluginOf(res.GetPlugin()), c.fail(err)
}

// Logs are the newest lines that a plugin logged, oldest first.
func (c *Client) Logs(ctx context.Context, q api.LogQuery) ([]api.LogLine, error) {
	res, err := c.plugins.Logs(ctx, &peltonv1.PluginServiceLogsRequest{Name: q.Plugin, Tail: int32(q.Tail), Level: q.Level})
	return wire.Each(res.GetLines(), wire.LogLineOf), c.fail(err)
}

// WatchLogs gives what Logs does, then each line as it comes, until give fails or the stream ends.
func (c *Client) WatchLogs(ctx context.Context, q api.LogQuery, give func([]api.LogLine) error) error {
	stream, err := c.plugins.WatchLogs(ctx, &peltonv1.PluginServiceWatchLogsRequest{Name: q.Plugin, Tail: int32(q.Tail), Level: q.Level})
	if err != nil {
		return c.fail(err)
	}
	defer func() { _ = stream.Close() }() // nothing more is read
	for {
		res, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return c.fail(err)
		}
		if err := give(wire.Each(res.GetLines(), wire.LogLineOf)); err != nil {
			return err
		}
	}
}

// Remove deletes artifacts of old revisions, or what a plugin left that is not in the config any more.
func (c *Client) Remove(ctx context.Context, r api.Removal) (api.Removed, error) {
	res, err := c.plugins.Delete(ctx, &peltonv1.PluginServiceDeleteRequest{Plugin: r.Plugin, Revision: int32(r.Revision), Artifact: r.Artifact})
	return api.Removed{Revisions: int(res.GetRevisions()), Artifacts: int(res.GetArtifacts())}, c.fail(err)
}
