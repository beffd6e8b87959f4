package apitest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/api"
)

// page cuts list into pages; after is where the page begins.
func page[T any](list []T, after string, limit int) ([]T, string, error) {
	from, err := strconv.Atoi("0" + after)
	if err != nil || from > len(list) {
		return nil, "", api.Errorf(api.InvalidArgument, "page %q: not one of this list", after)
	}
	to := min(from+min(limit, PageMost), len(list))
	if to == len(list) {
		return list[from:to], "", nil
	}
	return list[from:to], strconv.Itoa(to), nil
}

// behind is the place behind the i-th of a page.
func behind(after string, i int) string {
	from, _ := strconv.Atoi("0" + after)
	return strconv.Itoa(from + i + 1)
}

// other reports whether a filter leaves something out: of pairs of what is wanted and what is there, one names another.
func other(pairs ...string) bool {
	for pair := range slices.Chunk(pairs, 2) {
		if pair[0] != "" && pair[0] != pair[1] {
			return true
		}
	}
	return false
}

func (w *Wheel) selected(ids []string, q api.DeadQuery) ([]api.DeadLetter, error) {
	for _, id := range ids {
		if !slices.ContainsFunc(w.Letters, func(d api.DeadLetter) bool { return d.ID == id }) {
			return nil, api.Errorf(api.NotFound, "dead letter %s: there is none", id)
		}
	}
	var out []api.DeadLetter
	for _, d := range w.Letters {
		switch {
		case len(ids) > 0 && !slices.Contains(ids, d.ID):
		case len(ids) == 0 && other(q.Plugin, d.Plugin, q.Kind, d.Kind, q.State, d.State, q.Source, d.Source):
		case len(ids) == 0 && !strings.Contains(d.Reason, q.Reason):
		case len(ids) == 0 && !q.Since.IsZero() && d.Last.Before(q.Since):
		case len(ids) == 0 && !q.Until.IsZero() && !d.Last.Before(q.Until):
		default:
			out = append(out, d)
		}
	}
	return out, nil
}

// Dead implements [api.Lot].
func (w *Wheel) Dead(_ context.Context, q api.DeadQuery) ([]api.DeadLetter, string, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	list, err := w.selected(nil, q)
	if err != nil {
		return nil, "", err
	}
	out, next, err := page(list, q.After, q.Limit)
	for i := range out {
		out[i].Cursor = behind(q.After, i)
	}
	return out, next, err
}

// DeadLetter implements [api.Lot].
func (w *Wheel) DeadLetter(_ context.Context, id string) (api.DeadLetter, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	list, err := w.selected([]string{id}, api.DeadQuery{})
	if err != nil {
		return api.DeadLetter{}, err
	}
	return list[0], nil
}

// Replay implements [api.Lot].
func (w *Wheel) Replay(_ context.Context, ids []string, q api.DeadQuery, o api.ReplayOptions) (api.ReplayResult, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	list, err := w.selected(ids, q)
	var result api.ReplayResult
	for _, d := range list {
		if d.State == api.DeadStateSettled && !o.Force {
			result.Skipped = append(result.Skipped, api.Skipped{ID: d.ID, Reason: "settled by a replay; use --force"})
			continue
		}
		result.Replayed++
		if !o.DryRun {
			w.Replayed = append(w.Replayed, d.ID)
		}
	}
	return result, err
}

// Drop implements [api.Lot].
func (w *Wheel) Drop(_ context.Context, ids []string, q api.DeadQuery, dryRun bool) (int, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	list, err := w.selected(ids, q)
	if !dryRun {
		w.Letters = slices.DeleteFunc(w.Letters, func(d api.DeadLetter) bool {
			return slices.ContainsFunc(list, func(s api.DeadLetter) bool { return s.ID == d.ID })
		})
	}
	return len(list), err
}

func (w *Wheel) waiting(ids []string, q api.ParkedQuery) []api.Parked {
	var out []api.Parked
	for _, p := range w.Waiting {
		switch {
		case len(ids) > 0 && !slices.Contains(ids, p.ID):
		case len(ids) == 0 && other(q.Plugin, p.Plugin, q.Kind, p.Kind, q.Key, p.Key):
		case len(ids) == 0 && !q.Since.IsZero() && p.Due.Before(q.Since):
		case len(ids) == 0 && !q.Until.IsZero() && !p.Due.Before(q.Until):
		default:
			out = append(out, p)
		}
	}
	return out
}

// Parked implements [api.Lot].
func (w *Wheel) Parked(_ context.Context, q api.ParkedQuery) ([]api.Parked, string, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	out, next, err := page(w.waiting(nil, q), q.After, q.Limit)
	for i := range out {
		out[i].Cursor = behind(q.After, i)
	}
	return out, next, err
}

// ParkedRecord implements [api.Lot].
func (w *Wheel) ParkedRecord(_ context.Context, id string) (api.Parked, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	list := w.waiting([]string{id}, api.ParkedQuery{})
	if len(list) == 0 {
		return api.Parked{}, api.Errorf(api.NotFound, "parked delivery %s: there is none", id)
	}
	return list[0], nil
}

// Release implements [api.Lot].
func (w *Wheel) Release(_ context.Context, ids []string, q api.ParkedQuery, _ bool) (int, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return len(w.waiting(ids, q)), nil
}

// DropParked implements [api.Lot].
func (w *Wheel) DropParked(_ context.Context, ids []string, q api.ParkedQuery, dryRun bool) (int, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	list := w.waiting(ids, q)
	if !dryRun {
		w.Waiting = slices.DeleteFunc(w.Waiting, func(p api.Parked) bool {
			return slices.ContainsFunc(list, func(s api.Parked) bool { return s.ID == p.ID })
		})
	}
	return len(list), nil
}
