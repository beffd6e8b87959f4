package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dead gives a page of dead letters.
func (s *Service) Dead(ctx context.Context, q DeadQuery) (page []DeadLetter, next string, err error) {
	if err := s.allow(ctx, "Dead", target{}); err != nil {
		return nil, "", err
	}
	if q.Limit, err = limited(q.Limit); err != nil {
		return nil, "", err
	}
	if err := known(q); err != nil {
		return nil, "", err
	}
	page, next, err = s.b.Lot.Dead(ctx, q)
	return page, next, fail(err)
}

// DeadLetter gives one dead letter.
func (s *Service) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	if err := s.allow(ctx, "DeadLetter", target{}); err != nil {
		return DeadLetter{}, err
	}
	letter, err := s.b.Lot.DeadLetter(ctx, id)
	return letter, fail(err)
}

// Replay offers dead letters again; see [Lot].
func (s *Service) Replay(ctx context.Context, ids []string, q DeadQuery, o ReplayOptions) (result ReplayResult, err error) {
	end, err := s.begin(ctx, "Replay", chosen("dead letters", ids, q, o.DryRun))
	if err != nil {
		return ReplayResult{}, err
	}
	defer func() { end(err, "", fmt.Sprintf("%d replayed", result.Replayed)) }()
	if err := known(q); err != nil {
		return ReplayResult{}, err
	}
	result, err = s.b.Lot.Replay(ctx, ids, q, o)
	return result, fail(err)
}

// DropDead removes dead letters; see [Lot].
func (s *Service) DropDead(ctx context.Context, ids []string, q DeadQuery, dryRun bool) (n int, err error) {
	end, err := s.begin(ctx, "DropDead", chosen("dead letters", ids, q, dryRun))
	if err != nil {
		return 0, err
	}
	defer func() { end(err, "", strconv.Itoa(n)+" of them") }()
	if err := known(q); err != nil {
		return 0, err
	}
	n, err = s.b.Lot.Drop(ctx, ids, q, dryRun)
	return n, fail(err)
}

// Parked gives a page of parked deliveries.
func (s *Service) Parked(ctx context.Context, q ParkedQuery) (page []Parked, next string, err error) {
	if err := s.allow(ctx, "Parked", target{}); err != nil {
		return nil, "", err
	}
	if q.Limit, err = limited(q.Limit); err != nil {
		return nil, "", err
	}
	if err := knownKind(q); err != nil {
		return nil, "", err
	}
	page, next, err = s.b.Lot.Parked(ctx, q)
	return page, next, fail(err)
}

// ParkedRecord gives one parked delivery.
func (s *Service) ParkedRecord(ctx context.Context, id string) (Parked, error) {
	if err := s.allow(ctx, "ParkedRecord", target{}); err != nil {
		return Parked{}, err
	}
	parked, err := s.b.Lot.ParkedRecord(ctx, id)
	return parked, fail(err)
}

// Release makes parked deliveries due now; see [Lot].
func (s *Service) Release(ctx context.Context, ids []string, q ParkedQuery, dryRun bool) (n int, err error) {
	end, err := s.begin(ctx, "Release", chosen("parked deliveries", ids, q, dryRun))
	if err != nil {
		return 0, err
	}
	defer func() { end(err, "", strconv.Itoa(n)+" of them") }()
	if err := knownKind(q); err != nil {
		return 0, err
	}
	n, err = s.b.Lot.Release(ctx, ids, q, dryRun)
	return n, fail(err)
}

// DropParked removes parked deliveries for good; see [Lot].
func (s *Service) DropParked(ctx context.Context, ids []string, q ParkedQuery, dryRun bool) (n int, err error) {
	end, err := s.begin(ctx, "DropParked", chosen("parked deliveries", ids, q, dryRun))
	if err != nil {
		return 0, err
	}
	defer func() { end(err, "", strconv.Itoa(n)+" of them") }()
	if err := knownKind(q); err != nil {
		return 0, err
	}
	n, err = s.b.Lot.DropParked(ctx, ids, q, dryRun)
	return n, fail(err)
}

// chosen is what an act on the lot is about.
func chosen(what string, ids []string, query interface{ words() []string }, dryRun bool) target {
	t := target{what: what + " " + strings.Join(ids[:min(len(ids), 10)], ", ")}
	switch {
	case len(ids) > 10:
		t.what += fmt.Sprintf(" and %d more", len(ids)-10)
	case len(ids) == 0:
		t.what = "all " + what
		if words := query.words(); len(words) > 0 {
			t.what = what + " with " + strings.Join(words, ", ")
		}
	}
	if dryRun {
		t.what = "dry run: " + t.what
	}
	return t
}

// words say what is selected.
func (q DeadQuery) words() []string {
	return said("plugin", q.Plugin, "reason", q.Reason, "kind", q.Kind, "state", q.State, "source", q.Source, "since", moment(q.Since), "until", moment(q.Until))
}

// words say what is selected.
func (q ParkedQuery) words() []string {
	return said("plugin", q.Plugin, "kind", q.Kind, "key", strconv.Quote(q.Key), "since", moment(q.Since), "until", moment(q.Until))
}

// said are pairs of a name and a value, without those that have none.
func said(pairs ...string) (words []string) {
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" && pair[1] != `""` {
			words = append(words, pair[0]+" "+pair[1])
		}
	}
	return words
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// known refuses words that select nothing because they are no words of this API.
func known(q DeadQuery) error {
	switch q.Kind {
	case "", DeadDelivery, DeadEmit, DeadFrame:
	default:
		return Errorf(InvalidArgument, "kind %q: want delivery, emit or frame", q.Kind)
	}
	switch q.State {
	case "", DeadStateDead, DeadStateReplaying, DeadStateSettled:
		return nil
	}
	return Errorf(InvalidArgument, "state %q: want dead, replaying or settled", q.State)
}

func knownKind(q ParkedQuery) error {
	switch q.Kind {
	case "", ParkedRetry, ParkedDefer, ParkedHold, ParkedBehind, ParkedPause, ParkedReplay:
		return nil
	}
	return Errorf(InvalidArgument, "kind %q: want retry, defer, hold, behind, pause or replay", q.Kind)
}
