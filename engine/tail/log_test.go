package tail_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/tail"
)

// The newest lines are kept within the limit, numbered without a hole; a follower sees each once, or knows by the numbers
// that some went by.
func TestLog(t *testing.T) {
	l := tail.Lines(1000)
	lines, more := l.After(0)
	if len(lines) != 0 {
		t.Errorf("%+v", lines)
	}
	l.Add(api.LogLine{Text: "0"})
	<-more
	lines, more = l.After(0)
	if len(lines) != 1 || lines[0].Seq != 1 || lines[0].Text != "0" {
		t.Errorf("%+v", lines)
	}
	select {
	case <-more:
		t.Error("more, and there is none")
	default:
	}
	for n := 1; n < 500; n++ {
		l.Add(api.LogLine{Text: fmt.Sprint(n)})
	}
	lines, _ = l.After(1)
	for i, line := range lines {
		if want := uint64(500 - len(lines) + 1 + i); line.Seq != want || line.Text != fmt.Sprint(want-1) {
			t.Fatalf("line %d of %d: %+v", i, len(lines), line)
		}
	}
	if size, n := l.Size(); size > 1000 || size < 800 || n != 500 || len(lines) < 10 {
		t.Errorf("%d bytes of %d lines, %d kept", size, n, len(lines))
	}
	if lines, _ = l.After(498); len(lines) != 2 {
		t.Errorf("%+v", lines)
	}
}

// A line that is longer than all that is kept is cut, between two characters.
func TestLongLine(t *testing.T) {
	l := tail.Lines(100)
	l.Add(api.LogLine{Text: "short"})
	l.Add(api.LogLine{Text: strings.Repeat("ä", 100)})
	lines, _ := l.After(0)
	if size, _ := l.Size(); len(lines) != 1 || lines[0].Text != strings.Repeat("ä", 18) || size != 100 {
		t.Errorf("%d bytes: %+v", size, lines)
	}
	l.Add(api.LogLine{Text: "a\xffb"})
	if lines, _ := l.After(2); lines[0].Text != "a\uFFFDb" {
		t.Errorf("%+v", lines)
	}
}

// Events are kept in the same way.
func TestEvents(t *testing.T) {
	l := tail.Events(2000)
	for n := 1; n <= 100; n++ {
		l.Add(delta.Event{Kind: "paused", Text: fmt.Sprint(n)})
	}
	events, _ := l.After(0)
	if size, n := l.Size(); n != 100 || size > 2000 || len(events) != 12 {
		t.Fatalf("%d bytes of %d events, %d kept", size, n, len(events))
	}
	for i, e := range events {
		if want := uint64(100 - len(events) + 1 + i); e.Seq != want || e.Text != fmt.Sprint(want) || e.Kind != "paused" {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if events, _ = l.After(99); len(events) != 1 || events[0].Seq != 100 {
		t.Errorf("%+v", events)
	}
	if events, _ = l.After(1000); len(events) != 0 { // of a wheel that ran before
		t.Errorf("%+v", events)
	}
}
