package graphql

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/graphql/exec"
	"github.com/peltonhq/pelton/api/graphql/model"
)

type mutation struct{ root }

func (m mutation) Replay(ctx context.Context, ids []string, filter *model.DeadFilter, dryRun, force *bool) (*api.ReplayResult, error) {
	if err := bounded(m.root, "ids", ids); err != nil {
		return nil, err
	}
	result, err := m.svc.Replay(ctx, ids, filter.Query(), api.ReplayOptions{DryRun: or(dryRun), Force: or(force)})
	return &result, err
}

func (m mutation) Drop(ctx context.Context, ids []string, filter *model.DeadFilter, dryRun *bool) (int, error) {
	if err := bounded(m.root, "ids", ids); err != nil {
		return 0, err
	}
	return m.svc.DropDead(ctx, ids, filter.Query(), or(dryRun))
}

func (m mutation) Release(ctx context.Context, ids []string, filter *model.ParkedFilter, dryRun *bool) (int, error) {
	if err := bounded(m.root, "ids", ids); err != nil {
		return 0, err
	}
	return m.svc.Release(ctx, ids, filter.Query(), or(dryRun))
}

func (m mutation) DropParked(ctx context.Context, ids []string, filter *model.ParkedFilter, dryRun *bool) (int, error) {
	if err := bounded(m.root, "ids", ids); err != nil {
		return 0, err
	}
	return m.svc.DropParked(ctx, ids, filter.Query(), or(dryRun))
}

func (m mutation) Append(
	ctx context.Context, name, key string, payload json.RawMessage, payloadBase64, contentType, id *string,
) (*model.Snapshot, error) {
	body, err := payloadOf(payload, payloadBase64)
	if err != nil {
		return nil, err
	}
	snap, err := m.svc.Append(ctx, api.AppendRequest{Name: name, Key: key, Payload: body, ContentType: or(contentType), ID: or(id)})
	if err != nil {
		return nil, err
	}
	return model.SnapshotOf(&snap, snap.Cursor()), nil
}

// payloadOf is the payload that was given in one of its two ways.
func payloadOf(payload json.RawMessage, text *string) ([]byte, error) {
	switch {
	case payload != nil && text != nil:
		return nil, api.Errorf(api.InvalidArgument, "payload and payloadBase64 were given; want one of them")
	case payload != nil:
		return payload, nil
	case text == nil:
		return nil, api.Errorf(api.InvalidArgument, "no payload was given; want payload with JSON, or payloadBase64")
	}
	body, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		return nil, api.Errorf(api.InvalidArgument, "payloadBase64: %w", err)
	}
	return body, nil
}

func (m mutation) DeleteSession(ctx context.Context, name, key string) (string, error) {
	return key, m.svc.Delete(ctx, name, key)
}

func (m mutation) Settle(
	ctx context.Context, token string, decision model.Decision, after *time.Duration, until *time.Time, reason *string, emits []exec.EmitInput,
) (string, error) {
	if err := bounded(m.root, "emits", emits); err != nil {
		return "", err
	}
	out := make([]pelton.Emit, len(emits))
	for i, e := range emits {
		body, err := payloadOf(e.Payload, e.PayloadBase64)
		if err != nil {
			return "", err
		}
		out[i] = pelton.Emit{Output: or(e.Output), Payload: body}
		if e.Key != nil {
			out[i].Key = []byte(*e.Key)
		}
	}
	v := pelton.Verdict{Decision: pelton.Decision(decision), After: or(after), Until: or(until), Reason: or(reason)}
	return token, m.svc.Settle(ctx, token, v, out)
}

func (m mutation) Extend(ctx context.Context, token string, lease time.Duration) (string, error) {
	return token, m.svc.Extend(ctx, token, lease)
}
