package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// A paused plugin stays paused while the lanes that reach it are drained and opened again, and while it is started anew;
// another config resumes nothing.
func TestApplyPaused(t *testing.T) {
	l := start(t, base)
	if _, err := l.client.Pause(t.Context(), "first", false, api.By{Who: "me"}); err != nil {
		t.Fatal(err)
	}
	l.publish("in", 0, 80)
	paused := func(text string) {
		t.Helper()
		l.apply(text, api.AppliedChanged)
		all, err := l.client.Plugins(t.Context())
		if err != nil || all[0].State != "paused" || all[0].Paused == nil || all[0].Paused.Who != "me" {
			t.Errorf("%v, %+v", err, all)
		}
	}
	paused(strings.Replace(base, "{name: echo}}", "{name: echo}, retry: {attempts: 9}}", 1))
	paused(strings.Replace(base, "{name: echo}}", "{name: echo}, instances: 3}", 1))
	paused(strings.Replace(base, "sessions:", "sessions:\n  more: {from: [first]}", 1))
	s, err := l.client.Stats(t.Context())
	if err != nil || s.Plugins[0].Acked != 0 || s.Sessions[0].Snapshots != 0 {
		t.Fatalf("%v, %+v", err, s.Plugins[0])
	}
	if _, err := l.client.Resume(t.Context(), "first", api.By{Who: "me"}); err != nil {
		t.Fatal(err)
	}
	exact(t, l.session("out", 80), 80)
}

// A parking pause over an apply: what it parked before and after comes back with the resume, in the order of its key.
func TestApplyParked(t *testing.T) {
	l := start(t, base)
	if _, err := l.client.Pause(t.Context(), "first", true, api.By{}); err != nil {
		t.Fatal(err)
	}
	parked := func(n uint64) {
		t.Helper()
		for count := uint64(0); count != n; {
			s, err := l.client.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			count = s.Lot.Parked
		}
	}
	l.publish("in", 0, 80)
	parked(80)
	l.apply(strings.Replace(base, "{name: echo}}", "{name: echo}, instances: 2, retry: {attempts: 9}}", 1), api.AppliedChanged)
	l.publish("in", 80, 160)
	parked(160)
	if _, err := l.client.Resume(t.Context(), "first", api.By{}); err != nil {
		t.Fatal(err)
	}
	exact(t, l.session("out", 160), 160)
}

// An apply is in the audit log however it was asked for, and so is one that was refused; a plan is not.
func TestApplyAudited(t *testing.T) {
	l := start(t, base)
	l.apply(strings.Replace(base, "{name: echo}}", "{name: echo}, retry: {attempts: 9}}", 1), api.AppliedChanged)
	ask := func(text string, only bool) error {
		_, err := l.client.Apply(t.Context(), api.ApplyOptions{Text: []byte(text + api0), File: "sent.yaml", PlanOnly: only, Who: "me", Why: "so"})
		return err
	}
	if err := errors.Join(ask(base, true), ask(base, false)); err != nil {
		t.Fatal(err)
	}
	if ask("sources: 1\n", false) == nil {
		t.Error("a bad config was applied")
	}
	entries, _, err := l.client.Audit(t.Context(), 0, 10)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %+v", err, entries)
	}
	for i, want := range []string{
		"me: Apply config sent.yaml failed: sent.yaml:1:1: ", "me: Apply config sent.yaml done: change plugin first (so)",
		"the wheel: Apply config " + l.file + " done: change plugin first (its file was read again)",
	} {
		if got := entries[i].Text(); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
