package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/auth"
	"github.com/peltonhq/pelton/api/client"
)

// tokens is base with static tokens, each a name and what it may do.
func tokens(names ...string) string {
	var text strings.Builder
	text.WriteString(base + "api:\n  listen: 127.0.0.1:0\n  grpc: 127.0.0.1:0\n  auth:\n    tokens:\n")
	for _, n := range names {
		fmt.Fprintf(&text, "      %s: {hash: %q, scopes: [admin]}\n", n, auth.Hash("pelton_"+n))
	}
	return text.String()
}

// A token that is taken out of the config ends with the apply: its follow says where to go on, its calls are refused. One that stays
// goes on, and one that comes is taken.
func TestApplyTokens(t *testing.T) {
	l := start(t, tokens("stays", "goes"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	as := func(name string) *client.Client {
		c := client.Open(l.addr, client.Options{Token: "pelton_" + name})
		t.Cleanup(c.Close)
		return c
	}
	type end struct {
		err  error
		last string
	}
	first, ended := make(chan string, 2), map[string]chan end{}
	for _, name := range []string{"stays", "goes"} {
		ended[name] = make(chan end, 1)
		go func() {
			var e end
			for event, err := range as(name).Follow(ctx, api.FollowRequest{Name: "aside", Log: true, From: api.FromNow}, client.FollowOptions{Reconnect: true}) {
				if err != nil {
					e.err = err
					break
				}
				if e.last == "" {
					first <- name
				}
				e.last = event.Cursor.String()
			}
			ended[name] <- e
		}()
	}
	for range 2 {
		<-first
	}
	e := l.apply(tokens("stays", "comes"), api.AppliedChanged)
	if len(e.Plan.Drained) != 0 || len(e.Plan.Changes) != 1 || !strings.Contains(e.Plan.Changes[0].Does, "a token that goes or changes ends at once") {
		t.Errorf("%+v", e.Plan)
	}
	gone := <-ended["goes"]
	if told := api.Wrap(gone.err); told == nil || told.Code != api.Unauthenticated || told.Detail[api.DetailReason] == "" || strings.Contains(told.Message, "pelton_") {
		t.Errorf("the follow ended with %+v after %s", told, gone.last)
	}
	if _, err := as("goes").Stats(ctx); api.Wrap(err) == nil || api.Wrap(err).Code != api.Unauthenticated {
		t.Errorf("a call with a token that went: %v", err)
	}
	if _, err := as("comes").Stats(ctx); err != nil {
		t.Errorf("a call with a token that came: %v", err)
	}
	select {
	case e := <-ended["stays"]:
		t.Errorf("a follow with a token that stays ended: %v", e.err)
	default:
	}
	l.apply(strings.Replace(tokens("stays"), "  auth:", "  poll: 5s\n  auth:", 1), api.AppliedRefused)
	if _, err := as("comes").Stats(ctx); err != nil {
		t.Errorf("a config that was refused took a token: %v", err)
	}
}
