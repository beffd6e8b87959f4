package graphql_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
)

// told follows until so many lines have come, or the feed ends. Epochs are left out.
func told(t *testing.T, follow apitest.Follow, r api.FollowRequest, most int) (lines []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	follow(ctx, r, func(line string) {
		if ctx.Err() != nil {
			return
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "snapshot" {
			_, rest, _ = strings.Cut(rest, ":")
			word, rest = "", strings.TrimSpace(rest)
		}
		if word == "hello" {
			rest = ""
		}
		lines = append(lines, strings.TrimSpace(word+" "+rest))
		if len(lines) == most {
			cancel()
		}
	})
	return lines
}

// A follow of a whole name may be of some keys, and may be gathered, as on the other transports.
func TestFollowSelects(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(*testing.T, *apitest.World) apitest.Follow{"WebSocket": overSocket, "events": overEvents} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apitest.New(t, open())
			w.Add(t, "airports", "ORD", 2) // at 1 and 2 of the log
			w.Add(t, "airports", "DFW", 1)
			w.Add(t, "airports", "OAK", 1)
			w.Add(t, "airports", "JFK", 1)
			follow := over(t, w)
			all := api.FollowRequest{Name: "airports", Log: true, From: api.FromBeginning}
			for _, c := range []struct {
				name string
				set  func(*api.FollowRequest)
				want []string
			}{
				{"keys", func(r *api.FollowRequest) { r.Keys = []string{"JFK", "DFW"} }, []string{"hello", `3 {"n":1}`, `5 {"n":1}`}},
				{"a prefix", func(r *api.FollowRequest) { r.Prefix = "O" }, []string{"hello", `1 {"n":1}`, `2 {"n":2}`, `4 {"n":1}`}},
				{"both", func(r *api.FollowRequest) { r.Keys, r.Prefix = []string{"JFK"}, "OA" }, []string{"hello", `4 {"n":1}`, `5 {"n":1}`}},
				{"gathered", func(r *api.FollowRequest) { r.Keys, r.Coalesce = []string{"DFW"}, time.Millisecond }, []string{"hello", `3 {"n":1}`}},
				{"gathered for too long", func(r *api.FollowRequest) { r.Coalesce = 2 * time.Second }, []string{"error INVALID_ARGUMENT"}},
				{"keys of one session", func(r *api.FollowRequest) { r.Log, r.Key, r.Keys = false, "ORD", []string{"DFW"} }, []string{"error INVALID_ARGUMENT"}},
			} {
				r := all
				c.set(&r)
				if got := told(t, follow, r, len(c.want)); !slices.Equal(got, c.want) {
					t.Errorf("%s: %q, want %q", c.name, got, c.want)
				}
			}
		})
	}
}
