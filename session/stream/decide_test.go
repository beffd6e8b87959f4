package stream_test

import (
	"errors"
	"testing"
	"time"

	"github.com/peltonhq/pelton/session/stream"
)

var now = time.Unix(1_000_000, 0)

func producer(epoch, seq uint64) *stream.Producer {
	return &stream.Producer{ID: "p", Epoch: epoch, Seq: seq}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	text := &stream.Stream{Epoch: 1, ContentType: "text/plain; charset=utf-8", Seq: "b"}
	closed := &stream.Stream{Epoch: 1, ContentType: "text/plain", Closed: true, Closer: *producer(1, 2)}
	old := &stream.Stream{ContentType: "text/plain", TTL: 8 * time.Second, Touched: now.Add(-9 * time.Second)}
	body := [][]byte{[]byte("x")}
	tests := []struct {
		name      string
		current   *stream.Stream
		known     *stream.Producer
		w         stream.Write
		duplicate bool
		why       stream.Why
	}{
		{"append", text, nil, stream.Write{Payloads: body, ContentType: "TEXT/plain"}, false, 0},
		{"append to nothing", nil, nil, stream.Write{Payloads: body, ContentType: "text/plain"}, false, stream.Missing},
		{"append of another type", text, nil, stream.Write{Payloads: body, ContentType: "text/html"}, false, stream.WrongType},
		{"append to a closed one", closed, nil, stream.Write{Payloads: body, ContentType: "text/html"}, false, stream.WasClosed},
		{"append to an expired one", old, nil, stream.Write{Payloads: body, ContentType: "text/plain"}, false, stream.Expired},
		{"seq above", text, nil, stream.Write{Payloads: body, ContentType: "text/plain", Seq: "ba"}, false, 0},
		{"seq again", text, nil, stream.Write{Payloads: body, ContentType: "text/plain", Seq: "b"}, false, stream.OldSeq},
		{"seq is bytes", text, nil, stream.Write{Payloads: body, ContentType: "text/plain", Seq: "B"}, false, stream.OldSeq},

		{"close", text, nil, stream.Write{Close: true}, false, 0},
		{"close again", closed, nil, stream.Write{Close: true}, true, 0},
		{"close again with data", closed, nil, stream.Write{Close: true, Payloads: body, ContentType: "text/plain"}, false, stream.WasClosed},
		{"its closer again", closed, producer(1, 2), stream.Write{Close: true, Payloads: body, Producer: producer(1, 2)}, true, 0},
		{"another closer", closed, producer(1, 2), stream.Write{Close: true, Producer: producer(1, 3)}, false, stream.WasClosed},

		{"first of a producer", text, nil, stream.Write{Producer: producer(0, 0)}, false, 0},
		{"first in any epoch", text, nil, stream.Write{Producer: producer(9, 0)}, false, 0},
		{"first is not first", text, nil, stream.Write{Producer: producer(0, 1)}, false, stream.OutOfTurn},
		{"next", text, producer(1, 2), stream.Write{Producer: producer(1, 3)}, false, 0},
		{"again", text, producer(1, 2), stream.Write{Producer: producer(1, 2), Seq: "a"}, true, 0},
		{"long ago", text, producer(1, 2), stream.Write{Producer: producer(1, 0)}, true, 0},
		{"too far", text, producer(1, 2), stream.Write{Producer: producer(1, 4)}, false, stream.OutOfTurn},
		{"zombie", text, producer(1, 2), stream.Write{Producer: producer(0, 3)}, false, stream.Fenced},
		{"new epoch", text, producer(1, 2), stream.Write{Producer: producer(2, 0)}, false, 0},
		{"new epoch, late", text, producer(1, 2), stream.Write{Producer: producer(2, 1)}, false, stream.BadStart},

		{"create", nil, nil, stream.Write{Op: stream.Create, ContentType: "text/plain"}, false, 0},
		{"create again", text, nil, stream.Write{Op: stream.Create, ContentType: "text/PLAIN"}, true, 0},
		{"create otherwise", text, nil, stream.Write{Op: stream.Create, ContentType: "text/plain", TTL: time.Second}, false, stream.Differs},
		{"create where one is closed", closed, nil, stream.Write{Op: stream.Create, ContentType: "text/plain"}, false, stream.Differs},
		{"create closed again", closed, nil, stream.Write{Op: stream.Create, ContentType: "text/plain", Close: true}, true, 0},
		{"create where one expired", old, nil, stream.Write{Op: stream.Create, ContentType: "text/plain"}, false, stream.Expired},
	}
	for _, test := range tests {
		if test.w.Op == 0 {
			test.w.Op = stream.Append
			if len(test.w.Payloads) > 0 && test.w.ContentType == "" {
				test.w.ContentType = "text/plain"
			}
		}
		out, err := stream.Decide(test.current, test.known, &test.w, now)
		var refused *stream.RefusedError
		switch {
		case errors.As(err, &refused) != (test.why != 0) || test.why != 0 && refused.Why != test.why:
			t.Errorf("%s: %v", test.name, err)
		case out.Duplicate != test.duplicate:
			t.Errorf("%s: duplicate is %v", test.name, out.Duplicate)
		case err == nil && test.w.Close && (!out.Stream.Closed):
			t.Errorf("%s: it is not closed", test.name)
		case test.w.Op == stream.Create && err == nil && out.Created == test.duplicate:
			t.Errorf("%s: created is %v", test.name, out.Created)
		}
	}
	if text.Closed || text.Seq != "b" {
		t.Errorf("the stream was changed: %+v", text)
	}
}

// What a client needs to go on is in the answer.
func TestRefusedSaysMore(t *testing.T) {
	t.Parallel()
	text := &stream.Stream{ContentType: "text/plain"}
	var refused *stream.RefusedError
	_, err := stream.Decide(text, producer(1, 2), &stream.Write{Op: stream.Append, Producer: producer(1, 9)}, now)
	if !errors.As(err, &refused) || refused.Expected != 3 || refused.Received != 9 {
		t.Errorf("%+v", refused)
	}
	_, err = stream.Decide(text, producer(7, 2), &stream.Write{Op: stream.Append, Producer: producer(1, 9)}, now)
	if !errors.As(err, &refused) || refused.Epoch != 7 {
		t.Errorf("%+v", refused)
	}
	out, err := stream.Decide(text, producer(1, 5), &stream.Write{Op: stream.Append, Producer: producer(1, 2)}, now)
	if err != nil || out.Producer.Seq != 5 {
		t.Errorf("a duplicate is told of seq %d, %v", out.Producer.Seq, err)
	}
}

// A life that slides ends after its TTL without use, never before, whether or not each use was written down.
func TestExpiry(t *testing.T) {
	t.Parallel()
	s := stream.Stream{TTL: 8 * time.Second, Touched: now}
	used := now
	for at := now; at.Before(now.Add(time.Minute)); at = at.Add(100 * time.Millisecond) {
		if s.Expired(at) {
			t.Fatalf("expired %s after a use", at.Sub(used))
		}
		if at.Sub(used) >= 7900*time.Millisecond { // used just before its end, each time
			if used = at; s.Stale(at) {
				s.Touched = at
			}
		}
	}
	if !s.Expired(used.Add(9*time.Second)) || s.Expired(used.Add(7*time.Second)) {
		t.Error("it does not end in time")
	}
	if s = (stream.Stream{Expires: now}); s.Expired(now.Add(-1)) || !s.Expired(now) || s.Stale(now) {
		t.Error("a fixed end moves")
	}
}
