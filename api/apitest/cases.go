package apitest

import (
	"context"
	"fmt"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/session"
)

// cases hold S1 on every transport: from anywhere a follower gets consecutive ids, a gap, or an error that says where
// to resume.
var cases = []Case{
	{
		Name: "from the middle, then live", At: 7, Act: more(2),
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 10).Epoch
			after := pelton.Cursor{Epoch: e, ID: 4}.String()
			lines := []string{fmt.Sprintf("hello %d 1-10 after %s", e, after)}
			return ord(api.FollowRequest{After: after}), append(lines, snapshots(e, 5, 12)...)
		},
	},
	{
		Name: "latest, then live", At: 2, Act: more(300),
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 10).Epoch
			return ord(api.FollowRequest{}), append([]string{fmt.Sprintf("hello %d 1-10 after %d:9", e, e)}, snapshots(e, 10, 310)...)
		},
	},
	{
		Name: "now", At: 1, Act: more(3),
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 10).Epoch
			return ord(api.FollowRequest{From: api.FromNow}), append([]string{fmt.Sprintf("hello %d 1-10 after %d:10", e, e)}, snapshots(e, 11, 13)...)
		},
	},
	{
		Name: "an empty cursor is the beginning",
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 700).Epoch
			return ord(api.FollowRequest{From: api.FromAfter}), append([]string{fmt.Sprintf("hello %d 1-700 after %d:0", e, e)}, snapshots(e, 1, 700)...)
		},
	},
	{
		Name: "not born yet", At: 1, Act: more(2),
		Make: func(testing.TB, *World) (api.FollowRequest, []string) {
			return ord(api.FollowRequest{}), []string{"hello 0 0-0 after none", `snapshot *:1 {"n":1}`, `snapshot *:2 {"n":2}`}
		},
	},
	{
		Name: "trimmed", Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			oldest, _ := w.Trim(tb, "ORD")
			after := pelton.Cursor{Epoch: oldest.Epoch, ID: 1}.String()
			resume := pelton.Cursor{Epoch: oldest.Epoch, ID: oldest.ID - 1}
			return api.FollowRequest{Name: "trimmed", Key: "ORD", After: after}, []string{"error OUT_OF_RANGE reason=trimmed resume=" + resume.String()}
		},
	},
	{
		Name: "trimmed, with a gap",
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			oldest, newest := w.Trim(tb, "ORD")
			after := pelton.Cursor{Epoch: oldest.Epoch, ID: 1}.String()
			behind := pelton.Cursor{Epoch: oldest.Epoch, ID: oldest.ID - 1}
			lines := []string{
				fmt.Sprintf("hello %d %d-%d after %s", oldest.Epoch, oldest.ID, newest.ID, after),
				fmt.Sprintf("gap trimmed %s to %s", after, behind),
			}
			return api.FollowRequest{Name: "trimmed", Key: "ORD", After: after, OnGap: api.OnGapReset},
				append(lines, snapshots(oldest.Epoch, oldest.ID, newest.ID)...)
		},
	},
	{
		Name: "another epoch", Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 3).Epoch
			return ord(api.FollowRequest{After: num(e-1) + ":2"}), []string{"error OUT_OF_RANGE reason=epoch resume=" + num(e) + ":0"}
		},
	},
	{
		Name: "another epoch, with a gap",
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 3).Epoch
			after := num(e-1) + ":2"
			lines := []string{fmt.Sprintf("hello %d 1-3 after %s", e, after), fmt.Sprintf("gap epoch %s to %d:0", after, e)}
			return ord(api.FollowRequest{After: after, OnGap: api.OnGapReset}), append(lines, snapshots(e, 1, 3)...)
		},
	},
	{
		Name: "ahead of the newest", Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 3).Epoch
			return ord(api.FollowRequest{After: num(e) + ":9"}), []string{"error OUT_OF_RANGE reason=future resume=" + num(e) + ":3"}
		},
	},
	{
		Name: "malformed cursor", Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			w.Add(tb, "airports", "ORD", 3)
			return ord(api.FollowRequest{After: "yesterday"}), []string{"error INVALID_ARGUMENT"}
		},
	},
	{
		Name: "cursor of the log for a key", Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 3).Epoch
			return ord(api.FollowRequest{After: "@" + num(e) + ":1"}), []string{"error INVALID_ARGUMENT"}
		},
	},
	{
		Name: "block where that is not allowed", Ends: true,
		Make: func(testing.TB, *World) (api.FollowRequest, []string) {
			return api.FollowRequest{Name: "wheel", Key: "ORD", Slow: api.SlowBlock}, []string{"error FAILED_PRECONDITION"}
		},
	},
	{
		Name: "block, then live", At: 2, Act: more(300),
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 10).Epoch
			return ord(api.FollowRequest{Slow: api.SlowBlock}), append([]string{fmt.Sprintf("hello %d 1-10 after %d:9", e, e)}, snapshots(e, 10, 310)...)
		},
	},
	{
		Name: "unknown name", Ends: true,
		Make: func(testing.TB, *World) (api.FollowRequest, []string) {
			return api.FollowRequest{Name: "airport", Key: "ORD"}, []string{"error NOT_FOUND nearest=airports"}
		},
	},
	{
		Name: "deleted", At: 4, Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 3).Epoch
			lines := append([]string{fmt.Sprintf("hello %d 1-3 after %d:0", e, e)}, snapshots(e, 1, 3)...)
			return ord(api.FollowRequest{From: api.FromBeginning}),
				append(lines, fmt.Sprintf("deleted ORD %d:3", e), "error OUT_OF_RANGE reason=deleted resume=")
		},
		Act: func(tb testing.TB, w *World) {
			if err := w.Service.Delete(context.Background(), "airports", "ORD"); err != nil {
				tb.Error(err)
			}
		},
	},
	{
		Name: "closed server", At: 2, Ends: true,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			e := w.Add(tb, "airports", "ORD", 3).Epoch
			return ord(api.FollowRequest{}), []string{
				fmt.Sprintf("hello %d 1-3 after %d:2", e, e), fmt.Sprintf(`snapshot %d:3 {"n":3}`, e), fmt.Sprintf("closed %d:3", e),
			}
		},
		Act: func(_ testing.TB, w *World) { w.Service.Close() },
	},
	{
		Name: "a whole name", At: 1,
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			w.Add(tb, "airports", "ORD", 2)
			w.Add(tb, "airports", "DFW", 1)
			s, err := w.Open("airports")
			if err != nil {
				tb.Fatal(err)
			}
			f, err := s.Follow(context.Background(), session.FollowRequest{All: true, From: session.Beginning})
			if err != nil {
				tb.Fatal(err)
			}
			defer f.Close()
			e := f.Hello().Epoch
			return api.FollowRequest{Name: "airports", Log: true, From: api.FromBeginning}, []string{
				fmt.Sprintf("hello %d 1-3 after @%d:0", e, e),
				fmt.Sprintf(`snapshot @%d:1 {"n":1}`, e), fmt.Sprintf(`snapshot @%d:2 {"n":2}`, e), fmt.Sprintf(`snapshot @%d:3 {"n":1}`, e),
			}
		},
	},
	{
		Name: "a payload that is not JSON",
		Make: func(tb testing.TB, w *World) (api.FollowRequest, []string) {
			snap, err := w.Service.Append(context.Background(), api.AppendRequest{
				Name: "airports", Key: "ORD", Payload: []byte("<a>\r\n</a>"), ContentType: "text/xml",
			})
			if err != nil {
				tb.Fatal(err)
			}
			e := snap.Epoch
			return ord(api.FollowRequest{}), []string{fmt.Sprintf("hello %d 1-1 after %d:0", e, e), fmt.Sprintf("snapshot %d:1 <a>\r\n</a>", e)}
		},
	},
}
