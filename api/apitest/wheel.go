package apitest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
)

// Limits of the fakes.
const (
	ArtifactMost = 1 << 20
	MessageMost  = 64
	TapsMost     = 2
	PageMost     = 2 // dead letters and parked deliveries of one page
)

// Wheel fakes everything but sessions. Its fields are what it answers, guarded by Mu, and what it was told.
type Wheel struct {
	Mu        sync.Mutex
	ListOf    []api.Plugin
	Revisions []api.Revision
	Letters   []api.DeadLetter
	Waiting   []api.Parked
	Figures   api.Stats
	Graph     api.Topology
	NotReady  error
	Store
	Queue
	Operated

	Artifacts map[string][]byte
	Settled   map[string]pelton.Verdict
	Emits     []pelton.Emit
	Leases    map[string]time.Duration
	Replayed  []string
}

// Operated is what operators did, and what plugins logged.
type Operated struct {
	Config

	Strategies []*api.Strategy // of swaps
	Removals   []api.Removal
	Lines      []api.LogLine
	More       chan struct{} // closed when there are more lines
}

// Queue is what was published.
type Queue struct {
	Full      bool // it takes nothing
	Published []api.IngestMessage
	Keys      []string // idempotency keys of publications
}

func newWheel() *Wheel {
	return &Wheel{Artifacts: map[string][]byte{}, Settled: map[string]pelton.Verdict{}, Leases: map[string]time.Duration{}}
}

// List implements [api.Plugins].
func (w *Wheel) List(context.Context) ([]api.Plugin, error) { return w.ListOf, nil }

func (w *Wheel) plugin(name string) error {
	known := make([]string, len(w.ListOf))
	for i := range w.ListOf {
		if known[i] = w.ListOf[i].Name; known[i] == name {
			return nil
		}
	}
	return api.Unknown("plugin", name, known)
}

// Swap implements [api.Plugins].
func (w *Wheel) Swap(_ context.Context, name, digest string, o api.SwapOptions) (api.SwapResult, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.plugin(name); err != nil {
		return api.SwapResult{}, err
	}
	w.Strategies = append(w.Strategies, o.Strategy)
	if o.Revision != 0 {
		return w.revise(name, w.Revisions[o.Revision-1].Digest, o.Who, o.Why, "swap"), nil
	}
	if _, ok := w.Artifacts[digest]; !ok {
		return api.SwapResult{}, api.Errorf(api.NotFound, "artifact %s: push it first", digest)
	}
	return w.revise(name, digest, o.Who, o.Why, "swap"), nil
}

// Rollback implements [api.Plugins].
func (w *Wheel) Rollback(_ context.Context, name string, o api.SwapOptions) (api.SwapResult, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if err := w.plugin(name); err != nil {
		return api.SwapResult{}, err
	}
	if o.Expect != 0 && o.Expect != len(w.Revisions) {
		return api.SwapResult{}, api.Errorf(api.FailedPrecondition, "plugin %s: revision %d is live, not %d as expected", name, len(w.Revisions), o.Expect)
	}
	return w.revise(name, "sha256:before", o.Who, o.Why, "rollback"), nil
}

func (w *Wheel) revise(name, digest, who, why, source string) api.SwapResult {
	n := len(w.Revisions) + 1
	w.Revisions = append(w.Revisions, api.Revision{
		Number: n, Digest: digest, Who: who, Why: why, Outcome: api.OutcomeLive, Source: source, At: time.Unix(int64(n), 0).UTC(), Live: true,
	})
	return api.SwapResult{Plugin: name, Outcome: api.OutcomeLive, Revision: n, Live: n, Digest: digest, Took: time.Second}
}

// History implements [api.Plugins].
func (w *Wheel) History(_ context.Context, name string) ([]api.Revision, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.Revisions, w.plugin(name)
}

// Push implements [api.Plugins].
func (w *Wheel) Push(_ context.Context, digest string, size int64, r io.Reader) error {
	if size > ArtifactMost {
		return api.Errorf(api.ResourceExhausted, "artifact %s: %d bytes; limits.artifact allows %d", digest, size, ArtifactMost)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(body); api.DigestPrefix+hex.EncodeToString(sum[:]) != digest {
		return api.Errorf(api.InvalidArgument, "artifact %s: the bytes have another digest", digest)
	}
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Artifacts[digest] = body
	return nil
}

// Has implements [api.Plugins].
func (w *Wheel) Has(_ context.Context, digest string) (bool, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	_, ok := w.Artifacts[digest]
	return ok, nil
}

// Settle implements [api.Deliveries].
func (w *Wheel) Settle(_ context.Context, token string, v pelton.Verdict, emits []pelton.Emit) error {
	if token == "expired/1" {
		return api.Errorf(api.FailedPrecondition, "token %s: its lease has ended", token)
	}
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Settled[token] = v
	w.Emits = append(w.Emits, emits...)
	return nil
}

// Extend implements [api.Deliveries].
func (w *Wheel) Extend(_ context.Context, token string, lease time.Duration) error {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	w.Leases[token] = lease
	return nil
}

// Publish implements [api.Ingest]. A key that was there already stands for messages that start at 0.
func (w *Wheel) Publish(_ context.Context, _ string, p api.Publication) (api.Published, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if w.Full {
		return api.Published{}, api.Errorf(api.ResourceExhausted, "source orders: the queue is full").With(api.DetailRetryAfter, "2s")
	}
	if p.Key == "reused" {
		return api.Published{}, api.KeyReused("source orders: idempotency key %q stands for other messages", p.Key)
	}
	n := len(p.Messages)
	if slices.Contains(w.Keys, p.Key) {
		return api.Published{Count: n, Known: n}, nil
	}
	done := api.Published{First: uint64(len(w.Published)), Count: n}
	if p.Key != "" {
		w.Keys = append(w.Keys, p.Key)
	}
	for i, m := range p.Messages {
		if m.IdempotencyKey != "" {
			done.Positions = append(done.Positions, done.First+uint64(i))
		}
	}
	w.Published = append(w.Published, p.Messages...)
	return done, nil
}

// Limits implements [api.Ingest].
func (w *Wheel) Limits(source string) (api.IngestLimits, error) {
	if source != "orders" {
		return api.IngestLimits{}, api.Unknown("source", source, []string{"orders"})
	}
	return api.IngestLimits{MaxMessage: MessageMost, MaxRequest: 100 * MessageMost, MaxMessages: 10, Headers: []string{"X-Request-Id"}}, nil
}

// Topology implements [api.Wheel].
func (w *Wheel) Topology(context.Context) (api.Topology, error) { return w.Graph, nil }

// Stats implements [api.Wheel].
func (w *Wheel) Stats(context.Context) (api.Stats, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.Figures, nil
}

// Ready implements [api.Wheel].
func (w *Wheel) Ready(context.Context) error {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.NotReady
}

// Live implements [api.Wheel].
func (w *Wheel) Live(context.Context) error { return nil }
