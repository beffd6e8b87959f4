package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// ledger keeps what the store knows of one plugin's code: its revisions, and which of them is live.
type ledger struct {
	store  store.Store
	token  store.Token
	plugin string
}

// desired is which revision shall run. Config is the last one that came from the config: as long as the config builds
// to the same digest, a swap survives a restart.
type desired struct {
	Live   int `json:"live"`
	Config int `json:"config"`
}

func openLedger(ctx context.Context, s store.Store, plugin string) (*ledger, error) {
	token, err := s.Claim(ctx, "plugin/"+plugin)
	return &ledger{store: s, token: token, plugin: plugin}, err
}

func revisionKey(plugin string, n int) []byte {
	return store.Key(store.SpaceRevision, plugin, uint64(n))
}

func desiredKey(plugin string) []byte { return store.Key(store.SpaceDesired, plugin) }

func artifactKey(digest string) []byte { return store.Key(store.SpaceArtifact, digest) }

func (l *ledger) desired() (desired, error) {
	var d desired
	value, err := l.store.Get(desiredKey(l.plugin))
	if errors.Is(err, store.ErrNotFound) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	err = json.Unmarshal(value, &d)
	return d, err
}

func (l *ledger) revision(n int) (api.Revision, error) {
	var r api.Revision
	value, err := l.store.Get(revisionKey(l.plugin, n))
	if err != nil {
		return r, fmt.Errorf("revision %d of plugin %s: %w", n, l.plugin, err)
	}
	err = json.Unmarshal(value, &r)
	return r, err
}

// history is every revision, oldest first.
func (l *ledger) history() ([]api.Revision, error) {
	d, err := l.desired()
	if err != nil {
		return nil, err
	}
	history := []api.Revision{}
	prefix := store.Key(store.SpaceRevision, l.plugin)
	for e, err := range l.store.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{}) {
		if err != nil {
			return nil, err
		}
		var r api.Revision
		if err := json.Unmarshal(e.Value, &r); err != nil {
			return nil, fmt.Errorf("history of plugin %s: %w: %w", l.plugin, err, store.ErrCorrupt)
		}
		r.Live = r.Number == d.Live
		history = append(history, r)
	}
	return history, nil
}

// next is a new revision with the number after the newest.
func (l *ledger) next(digest, who, why, source string) (api.Revision, error) {
	prefix := store.Key(store.SpaceRevision, l.plugin)
	n := 0
	for e, err := range l.store.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{Reverse: true, Limit: 1}) {
		if err != nil {
			return api.Revision{}, err
		}
		var last api.Revision
		if err := json.Unmarshal(e.Value, &last); err != nil {
			return api.Revision{}, err
		}
		n = last.Number
	}
	return api.Revision{Number: n + 1, Digest: digest, Who: who, Why: why, Source: source, At: time.Now().UTC()}, nil
}

// settle stores how a revision ended. When it went live, the one before it is superseded and d says so, in one append.
func (l *ledger) settle(ctx context.Context, r api.Revision, d *desired, artifact []byte) error {
	var records []store.Record
	if artifact != nil {
		records = append(records, store.Record{Op: store.Put, Key: artifactKey(r.Digest), Value: artifact})
	}
	records = append(records, record(revisionKey(l.plugin, r.Number), r))
	if d != nil {
		before, err := l.desired()
		if err != nil {
			return err
		}
		if before.Live != 0 && before.Live != r.Number {
			old, err := l.revision(before.Live)
			if err != nil {
				return err
			}
			if old.Outcome == api.OutcomeLive {
				old.Outcome = api.OutcomeSuperseded
				records = append(records, record(revisionKey(l.plugin, old.Number), old))
			}
		}
		records = append(records, record(desiredKey(l.plugin), d))
	}
	_, err := l.store.Append(ctx, l.token, records)
	return err
}

func record(key []byte, v any) store.Record {
	value, err := json.Marshal(v)
	if err != nil {
		panic("engine: a revision is plain data: " + err.Error())
	}
	return store.Record{Op: store.Put, Key: key, Value: value}
}

// artifact reads stored code.
func artifact(s store.Reader, digest string) ([]byte, error) {
	b, err := s.Get(artifactKey(digest))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("artifact %s is not in the store; push it first: %w", short(digest), err)
	}
	return b, err
}
