package apitest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/store"
)

// Lives of a wheel in [Tiles], and the snapshots of each.
const (
	tileLives = 3
	tileEach  = 120
)

// Tiles follows one session and its name's log with every policy over one transport, while retention trims, connections
// are cut at random and the wheel restarts: what each follower is given and told is missing tiles the ids exactly (S1).
// open opens the store again, as it was left. can limits it to what the transport can ask for; nil is everything.
func Tiles(t *testing.T, open func() (store.Store, error), serve func(*testing.T, *World) Follow, can func(api.FollowRequest) bool) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var all []*tiler
	for _, log := range []bool{false, true} {
		for _, gap := range []api.OnGap{api.OnGapFail, api.OnGapReset} {
			for _, slow := range []api.Slow{api.SlowDisconnect, api.SlowConflate, api.SlowBlock} {
				for _, coalesce := range []time.Duration{0, 2 * time.Millisecond} {
					r := api.FollowRequest{Name: "trimmed", Key: "k", Log: log, OnGap: gap, Slow: slow, Coalesce: coalesce}
					if log {
						r.Key, r.Prefix = "", "k"
					}
					if can == nil || can(r) {
						all = append(all, &tiler{r: r, random: rand.New(rand.NewPCG(seed, uint64(len(all))))})
					}
				}
			}
		}
	}
	for life := range tileLives {
		t.Run(fmt.Sprint("life ", life), func(t *testing.T) {
			st, err := open()
			if err != nil {
				t.Fatal(err)
			}
			w := New(t, st)
			if life == 0 {
				w.Add(t, "trimmed", "k", 1) // born, so that the beginning has a cursor
			}
			follow := serve(t, w)
			var readers sync.WaitGroup
			for _, x := range all {
				readers.Go(func() { x.read(t, follow, uint64(life+1)*tileEach) })
			}
			n := tileEach
			if life == 0 {
				n--
			}
			w.Add(t, "trimmed", "k", n)
			readers.Wait()
		})
	}
	snapshots, gaps := 0, 0
	for _, x := range all {
		snapshots, gaps = snapshots+x.snapshots, gaps+x.gaps
		if x.snapshots == 0 && !t.Failed() {
			t.Errorf("%s was given no snapshot", x)
		}
	}
	if gaps == 0 {
		t.Errorf("%d snapshots and no gap: the test shows nothing", snapshots)
	}
}

// tiler is one follower over its connections: where it stands, and what it was told.
type tiler struct {
	r         api.FollowRequest
	random    *rand.Rand
	at        pelton.Cursor // covered up to here
	snapshots int
	gaps      int
}

func (x *tiler) String() string { return fmt.Sprintf("follower %+v at %s", x.r, text(x.at)) }

// read follows, connection after connection, until goal is covered.
func (x *tiler) read(t *testing.T, follow Follow, goal uint64) {
	for x.at.ID < goal && !t.Failed() {
		r := x.r
		r.From = api.FromBeginning
		if x.at.Valid() {
			r.From, r.After = api.FromAfter, x.at.String()
		}
		ctx, cut := context.WithCancel(t.Context())
		after := 1 + x.random.IntN(60) // lines of this connection
		follow(ctx, r, func(line string) {
			if ctx.Err() != nil {
				return // it came too late for this client
			}
			x.take(t, line)
			if after--; after == 0 || x.at.ID >= goal || t.Failed() {
				cut()
			}
		})
		cut()
	}
}

// take checks that a line continues what was covered.
func (x *tiler) take(t *testing.T, line string) {
	word, rest, _ := strings.Cut(line, " ")
	var payload, reason string
	var from, to pelton.Cursor
	switch word {
	case "hello":
		_, after, _ := strings.Cut(rest, " after ")
		if !x.at.Valid() {
			x.at, _ = pelton.ParseCursor(after)
		}
		if after != x.at.String() {
			t.Errorf("S1: %s: %s", x, line)
		}
	case "snapshot":
		at, _, _ := strings.Cut(rest, " ")
		payload = strings.TrimPrefix(rest, at+" ")
		to, _ = pelton.ParseCursor(at)
		if to.ID != x.at.ID+1 || to.Epoch != x.at.Epoch || payload != fmt.Sprintf(`{"n":%d}`, to.ID) {
			t.Errorf("S1: %s: %s", x, line)
		}
		x.at = to
		x.snapshots++
	case "gap":
		var a, b string
		_, err := fmt.Sscanf(rest, "%s %s to %s", &reason, &a, &b)
		from, _ = pelton.ParseCursor(a)
		to, _ = pelton.ParseCursor(b)
		allowed := x.r.OnGap == api.OnGapReset && reason == "trimmed" || x.r.Slow == api.SlowConflate && (reason == "conflated" || reason == "trimmed")
		if err != nil || from != x.at || to.ID <= x.at.ID || to.Epoch != x.at.Epoch || !allowed {
			t.Errorf("S1: %s: %s", x, line)
		}
		x.at = to
		x.gaps++
	case "error":
		x.fail(t, line)
	case "closed":
	default:
		t.Errorf("%s: %s", x, line)
	}
}

// fail takes an error that says where to go on.
func (x *tiler) fail(t *testing.T, line string) {
	_, resume, found := strings.Cut(line, "resume=")
	to, err := pelton.ParseCursor(resume)
	switch {
	case strings.HasPrefix(line, "error UNAVAILABLE"), strings.HasPrefix(line, "error CANCELED"):
	case x.r.Slow == api.SlowBlock && err == nil && strings.Contains(line, "reason=slow") && to == x.at: // it held the name up for as long as it may
	case !found || err != nil || !strings.Contains(line, "reason=trimmed") || x.r.OnGap == api.OnGapReset || to.ID <= x.at.ID:
		t.Errorf("S1: %s: %s", x, line)
	default:
		x.at = to
		x.gaps++
	}
}
