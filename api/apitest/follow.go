package apitest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// Follow follows over one transport until ctx ends or the feed does, and gives tell every line. Lines are made by
// [HelloLine], [EventLine] and [ErrorLine].
type Follow func(ctx context.Context, r api.FollowRequest, tell func(line string))

func text(c pelton.Cursor) string {
	if !c.Valid() {
		return "none"
	}
	return c.String()
}

// HelloLine is a hello in a transcript.
func HelloLine(h api.Hello) string {
	return fmt.Sprintf("hello %d %d-%d after %s", h.Epoch, h.Oldest, h.Latest, text(h.Cursor))
}

// EventLine is an event in a transcript. A snapshot of a log says its key, id and payload, one of a key the payload.
func EventLine(e api.Event) string {
	switch e.Kind {
	case api.KindSnapshot:
		return fmt.Sprintf("snapshot %s %s", e.Cursor, e.Snapshot.Payload)
	case api.KindGap:
		return fmt.Sprintf("gap %s %s to %s", e.Gap.Reason, text(e.Gap.From), text(e.Gap.To))
	case api.KindDeleted:
		return fmt.Sprintf("deleted %s %s", e.Key, e.Cursor)
	}
	return "closed " + text(e.Cursor)
}

// ErrorLine is an error in a transcript.
func ErrorLine(e *api.Error) string {
	var line strings.Builder
	line.WriteString("error " + e.Code.String())
	for _, name := range []string{api.DetailReason, api.DetailResume, api.DetailNearest} {
		if value, ok := e.Detail[name]; ok {
			fmt.Fprintf(&line, " %s=%s", name, value)
		}
	}
	return line.String()
}

// Case is one follow: the lines that must come, in order. Act is called when the first At of them have come.
type Case struct {
	Name string
	Make func(tb testing.TB, w *World) (api.FollowRequest, []string)
	At   int
	Act  func(tb testing.TB, w *World)
	Ends bool // the feed ends by itself behind the last line
}

// Follows runs every case over a transport that serve builds for a fresh world.
func Follows(t *testing.T, open func() store.Store, serve func(t *testing.T, w *World) Follow) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			w := New(t, open())
			follow := serve(t, w)
			request, want := c.Make(t, w)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a hang fails, a slow machine does not
			lines := make(chan string)
			go func() {
				defer close(lines)
				follow(ctx, request, func(line string) {
					select {
					case lines <- line:
					case <-ctx.Done():
					}
				})
			}()
			var got []string
			for len(got) < len(want) {
				if len(got) == c.At && c.Act != nil {
					c.Act(t, w)
				}
				line, ok := <-lines
				if !ok {
					break
				}
				got = append(got, line)
			}
			if c.Ends {
				for line := range lines {
					got = append(got, line)
				}
			}
			cancel()
			for range lines { // lets go of the transport
			}
			if !slices.EqualFunc(got, want, same) {
				t.Errorf("follow told\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}

// same compares a line that came with one that must; a * in that stands for an epoch that nobody knows before.
func same(got, want string) bool {
	before, after, open := strings.Cut(want, "*")
	if !open {
		return got == want
	}
	epoch, ok := strings.CutPrefix(strings.TrimSuffix(got, after), before)
	return ok && strings.HasSuffix(got, after) && epoch != "" && strings.Trim(epoch, "0123456789") == ""
}

// snapshots are the lines of ids first to last of an epoch.
func snapshots(epoch, first, last uint64) []string {
	var lines []string
	for id := first; id <= last; id++ {
		lines = append(lines, fmt.Sprintf(`snapshot %d:%d {"n":%d}`, epoch, id, id))
	}
	return lines
}

func num(n uint64) string { return strconv.FormatUint(n, 10) }

func more(n int) func(testing.TB, *World) {
	return func(tb testing.TB, w *World) { w.Add(tb, "airports", "ORD", n) }
}

func ord(r api.FollowRequest) api.FollowRequest {
	r.Name, r.Key = "airports", "ORD"
	return r
}
