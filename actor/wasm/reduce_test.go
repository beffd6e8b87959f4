package wasm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/actor"
)

func reducer(t *testing.T, env actor.Env) actor.Instance {
	t.Helper()
	return start(t, load(t, guest(t, "testdata/reducer")), env)
}

func TestFoldsOfABatch(t *testing.T) {
	n := reducer(t, patient())
	if !n.Reducer() || len(n.Outputs()) != 0 {
		t.Errorf("reducer %t with outputs %v", n.Reducer(), n.Outputs())
	}
	calls := []actor.Call{{Emit: []byte("5")}, {State: []byte("40"), Emit: []byte("2")}, {Emit: []byte("refuse not today")}, {Emit: []byte("big 0")}}
	if err := n.Reduce(t.Context(), calls); err != nil {
		t.Fatal(err)
	}
	if string(calls[0].Next) != "5" || string(calls[1].Next) != "42" || calls[2].Err.Error() != "not today" || calls[2].Next != nil {
		t.Errorf("got %+v", calls)
	}
	if calls[3].Next == nil || len(calls[3].Next) != 0 {
		t.Errorf("an empty state came back as %v", calls[3].Next)
	}
}

func TestFoldsOfManyWindows(t *testing.T) {
	n := reducer(t, patient())
	calls := make([]actor.Call, 50)
	for i := range calls {
		calls[i] = actor.Call{Key: []byte(strings.Repeat("k", 20<<10)), State: fmt.Append(nil, i), Emit: []byte("100")}
	}
	calls[7].Key = []byte(strings.Repeat("k", 1<<20)) // larger than the window
	if err := n.Reduce(t.Context(), calls); err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		if got := string(calls[i].Next); got != fmt.Sprint(100+i) {
			t.Errorf("call %d: got %s", i, got)
		}
	}
}

func TestFaultsOfAReducer(t *testing.T) {
	m := load(t, guest(t, "testdata/reducer"))
	rows := []struct {
		emit  string
		limit time.Duration
		kind  actor.FaultKind
		words string
	}{
		{"trap", time.Minute, actor.FaultTrap, "panic: the reducer's trap"},
		{"hog", time.Minute, actor.FaultTrap, "limits.memory of 16MiB"},
		{"loop", 100 * time.Millisecond, actor.FaultTimeout, "limits.time of 100ms"},
		{"big 5000", time.Minute, actor.FaultOutput, "the new state of 5000 bytes exceeds limits.output of 4KiB"},
	}
	for _, row := range rows {
		t.Run(row.emit, func(t *testing.T) {
			n := start(t, m, actor.Env{Limits: actor.Limits{Time: int64(row.limit), Memory: 16 << 20, Output: 4 << 10}})
			f := fault(t, n.Reduce(t.Context(), []actor.Call{{Emit: []byte(row.emit)}}))
			if f.Kind != row.kind || !strings.Contains(f.Err.Error(), row.words) {
				t.Errorf("got %v", f)
			}
		})
	}
}

func TestHandlerAndReducerAreNotConfused(t *testing.T) {
	if f := fault(t, reducer(t, patient()).Handle(t.Context(), batch(actor.DefaultOutput, "ack"))); f.Kind != actor.FaultMalformed {
		t.Errorf("got %v", f)
	}
	if f := fault(t, suite(t, patient()).Reduce(t.Context(), []actor.Call{{}})); f.Kind != actor.FaultMalformed {
		t.Errorf("got %v", f)
	}
}

// limits.time is of one fold: a batch of many slow ones is in order.
func TestSlowReducer(t *testing.T) {
	short := actor.Env{Limits: actor.Limits{Time: int64(100 * time.Millisecond)}}
	n := reducer(t, short)
	folds := make([]actor.Call, 50)
	for i := range folds {
		folds[i].Emit = []byte("spin 10ms")
	}
	if err := n.Reduce(t.Context(), folds); err != nil {
		t.Error(err)
	}
}
