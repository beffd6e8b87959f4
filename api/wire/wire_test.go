package wire_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/api"
	peltonv1 "github.com/peltonhq/pelton/api/gen/pelton/v1"
	"github.com/peltonhq/pelton/api/wire"
)

// fill sets every exported field of v, each to another value than its zero.
func fill(v reflect.Value, n *int64) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(*n, *n).UTC()))
		return
	case v.Type() == reflect.TypeFor[pelton.Decision]():
		v.Set(reflect.ValueOf(pelton.DecisionDefer))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("one"), reflect.ValueOf(uint64(*n)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic("fill: " + v.Type().String())
	}
}

// there sends a filled value over the wire and back.
func there[A any, M proto.Message](t *testing.T, to func(A) M, from func(M) A) {
	t.Helper()
	var n int64
	var full A
	fill(reflect.ValueOf(&full).Elem(), &n)
	for _, want := range []A{full, *new(A)} {
		bytes, err := proto.Marshal(to(want))
		if err != nil {
			t.Fatal(err)
		}
		back := to(*new(A)).ProtoReflect().New().Interface()
		if err := proto.Unmarshal(bytes, back); err != nil {
			t.Fatal(err)
		}
		if got := from(back.(M)); !reflect.DeepEqual(got, want) {
			t.Errorf("%T went over the wire and came back as\n%+v\nwant\n%+v", want, got, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	there(t, wire.Plugin, wire.PluginOf)
	there(t, wire.SwapResult, wire.SwapResultOf)
	there(t, wire.Revision, wire.RevisionOf)
	there(t, func(s api.Strategy) *peltonv1.Strategy { return wire.Strategy(&s) }, func(s *peltonv1.Strategy) api.Strategy { return *wire.StrategyOf(s) })
	there(t, wire.Diff, wire.DiffOf)
	there(t, wire.LogLine, wire.LogLineOf)
	there(t, wire.DeadLetter, wire.DeadLetterOf)
	there(t, wire.Parked, wire.ParkedOf)
	there(t, wire.Skipped, wire.SkippedOf)
	there(t, wire.IngestMessage, wire.IngestMessageOf)
	there(t, wire.Stats, wire.StatsOf)
	there(t, wire.Node, wire.NodeOf)
	there(t, wire.Edge, wire.EdgeOf)
	there(t, wire.Verdict, wire.VerdictOf)
	there(t, wire.Emit, wire.EmitOf)
	there(t, wire.Tap, wire.TapOf)
	there(t, wire.TapFrame, wire.TapFrameOf)
	there(t, wire.WheelEvent, wire.WheelEventOf)
	there(t, wire.DeadFilter, func(f *peltonv1.DeadFilter) api.DeadQuery { return dropPage(wire.DeadQueryOf(f, "text8", 9)) })
}

// dropPage fills what a filter does not carry as fill does.
func dropPage(q api.DeadQuery) api.DeadQuery {
	if q.Plugin == "" {
		q.After, q.Limit = "", 0
		return q
	}
	q.After, q.Limit = "text9", 10
	return q
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	var n int64
	var want pelton.Snapshot
	fill(reflect.ValueOf(&want).Elem(), &n)
	if got := wire.SnapshotOf(wire.Snapshot(&want, want.Cursor())); !reflect.DeepEqual(*got, want) {
		t.Errorf("snapshot came back as %+v, want %+v", *got, want)
	}
}

// A key that is empty and one that is missing are two things.
func TestEmptyKey(t *testing.T) {
	t.Parallel()
	for _, key := range [][]byte{nil, {}} {
		bytes, err := proto.Marshal(wire.IngestMessage(api.IngestMessage{Key: key}))
		if err != nil {
			t.Fatal(err)
		}
		var m peltonv1.IngestMessage
		if err := proto.Unmarshal(bytes, &m); err != nil {
			t.Fatal(err)
		}
		if got := wire.IngestMessageOf(&m).Key; (got == nil) != (key == nil) {
			t.Errorf("key %#v came back as %#v", key, got)
		}
	}
}

func TestFollowRequest(t *testing.T) {
	t.Parallel()
	for _, from := range []api.From{0, api.FromBeginning, api.FromAfter, api.FromLatest, api.FromNow} {
		for _, gap := range []api.OnGap{api.OnGapFail, api.OnGapReset} {
			for _, slow := range []api.Slow{api.SlowDisconnect, api.SlowConflate, api.SlowBlock} {
				want := api.FollowRequest{Name: "a", Key: "b", Log: true, From: from, After: "1:2", OnGap: gap, Slow: slow, Keys: []string{"b"}, Prefix: "c", Coalesce: time.Second}
				if got := wire.FollowOf(wire.Follow(want)); !reflect.DeepEqual(got, want) {
					t.Errorf("request came back as %+v, want %+v", got, want)
				}
			}
		}
	}
	if got := wire.FollowOf(&peltonv1.SessionServiceFollowRequest{From: 257}); got.From <= api.FromNow {
		t.Errorf("unknown start 257 became %d, which is a known one", got.From)
	}
}

// Frames stay small enough for any client, whatever the events, and lose none.
func TestFrames(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 400<<10)
	var events []api.Event
	for id := range uint64(20) {
		c := pelton.Cursor{Epoch: 7, ID: id + 1}
		events = append(events, api.Event{Kind: api.KindSnapshot, Snapshot: &pelton.Snapshot{Epoch: 7, ID: id + 1, Payload: []byte(big)}, Cursor: c})
		if id == 10 {
			events = append(events, api.Event{Kind: api.KindGap, Gap: api.Gap{From: c, To: c, Reason: "trimmed"}, Cursor: c})
		}
	}
	var back []api.Event
	err := wire.Frames(events, func(f *peltonv1.SessionServiceFollowResponse) error {
		if size := proto.Size(f); size > 2<<20 {
			t.Errorf("a frame has %d bytes", size)
		}
		back = append(back, wire.Events(f)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(back) != len(events) {
		t.Fatalf("%d events came out of %d", len(back), len(events))
	}
	for i := range events {
		if back[i].Kind != events[i].Kind || back[i].Cursor != events[i].Cursor {
			t.Errorf("event %d is %v %s, want %v %s", i, back[i].Kind, back[i].Cursor, events[i].Kind, events[i].Cursor)
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	want := api.Errorf(api.OutOfRange, "gone").With(api.DetailResume, "1:2")
	got := wire.ErrorOf(want.Code.GRPC(), want.Message, []proto.Message{wire.Detail(want)})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("error came back as %+v, want %+v", got, want)
	}
}

// Snapshots that were encoded one by one are a frame's, wherever a run begins and ends.
func TestRun(t *testing.T) {
	var run []byte
	var want []api.Event
	for id := uint64(1); id <= 5; id++ {
		s := &pelton.Snapshot{Session: "s", Key: "k", Epoch: 7, ID: id, Seq: id + 3, Payload: bytes.Repeat([]byte("x"), int(id*100)), Time: time.Unix(int64(id), 0).UTC()}
		e := api.Event{Kind: api.KindSnapshot, Snapshot: s, Key: "k", Cursor: s.Cursor()}
		want = append(want, e)
		run = wire.Snapshots.Append(run, &e)
	}
	sent, err := proto.Marshal(wire.Run(run))
	if err != nil {
		t.Fatal(err)
	}
	frame := new(peltonv1.SessionServiceFollowResponse)
	if err := proto.Unmarshal(sent, frame); err != nil {
		t.Fatal(err)
	}
	if got := wire.Events(frame); !reflect.DeepEqual(got, want) || !bytes.Equal(sent, run) {
		t.Errorf("%+v, want %+v", got, want)
	}
	e := api.Event{Kind: api.KindSnapshot, Snapshot: &pelton.Snapshot{Key: "\xff"}, Cursor: pelton.Cursor{Epoch: 1, ID: 1}}
	if got := wire.Snapshots.Append(nil, &e); got != nil {
		t.Errorf("%q was made of a key that is no text", got)
	}
}
