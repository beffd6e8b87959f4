package tail_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/tail"
)

// The newest lines are kept within the limit, numbered without a hole; a follower sees each once, or knows by the numbers
// that some went by.
func TestLog(t *testing.T) {
	l := tail.New(1000)
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
	l := tail.New(100)
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
