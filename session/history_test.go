package session_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session"
	"github.com/peltonhq/pelton/session/stream"
	"github.com/peltonhq/pelton/store/memory"
)

// history is a disk whose sessions are opened again and again; each opening may find the history begun anew.
type history struct {
	disk *memory.Disk
	m    *memory.Store
	s    *session.Sessions
	o    session.Options
}

func (h *history) open(t *testing.T) {
	t.Helper()
	var err error
	if h.m, err = h.disk.Open(); err != nil {
		t.Fatal(err)
	}
	h.o.Store = h.m
	h.s = open(t, h.o)
}

func (h *history) close(t *testing.T) {
	t.Helper()
	shut(t, h.s)
	if err := h.m.Close(); err != nil {
		t.Error(err)
	}
}

// renew closes, begins the history of the disk anew, and opens again.
func (h *history) renew(t *testing.T) (since uint64) {
	t.Helper()
	h.close(t)
	at := time.Now().Add(time.Hour) // later than any epoch so far; the clock was put back since
	h.disk.Renew(at)
	h.open(t)
	return uint64(at.UnixMicro())
}

// begin gives k three snapshots, other one, and gone an ended life.
func begin(t *testing.T) (*history, *sender) {
	t.Helper()
	h, p := &history{disk: memory.NewDisk()}, newSender("a")
	h.open(t)
	for i := range 3 {
		p.emit(t, h.s, "k", fmt.Sprint("v", i+1))
	}
	p.emit(t, h.s, "other", "o1")
	p.emit(t, h.s, "gone", "g1")
	if err := h.s.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	return h, p
}

// TestHistory: what a restore or a power cut took may have been shown, so all cursors of before are refused, and nobody is
// told that ids go on where they did not; the snapshots stay, with their ids.
func TestHistory(t *testing.T) {
	h, p := begin(t)
	before, err := h.s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	names := follow(t, h.s, session.FollowRequest{All: true, From: session.Beginning}).Hello()

	var since uint64
	for round := uint64(1); round <= 3; round++ {
		since = h.renew(t)
		for _, c := range []session.FollowRequest{
			{Key: "k", From: session.After, After: pelton.Cursor{Epoch: before.Epoch, ID: 2}},
			{All: true, From: session.After, After: pelton.Cursor{Epoch: names.Epoch, ID: 2, Log: true}},
		} {
			var gone *session.GoneError
			if _, err := h.s.Follow(t.Context(), c); !errors.As(err, &gone) || gone.Reason != session.Epoch || gone.Resume().Epoch != since {
				t.Errorf("round %d, after %s: %v; want another epoch, %d", round, c.After, err, since)
			}
		}
		now, err := h.s.Get(t.Context(), "k")
		if err != nil || now.Epoch != since || now.ID != 2+round || now.Key != "k" {
			t.Fatalf("round %d: newest is %+v, %v; want id %d of epoch %d", round, now, err, 2+round, since)
		}
		p.emit(t, h.s, "k", fmt.Sprint("v", 3+round))
		f := follow(t, h.s, session.FollowRequest{Key: "k", From: session.Beginning})
		if hello := f.Hello(); hello.Epoch != since || hello.Oldest != 1 || hello.Latest != 3+round {
			t.Errorf("round %d: hello %+v", round, hello)
		}
		for i, e := range next(t, f, 3+int(round)) {
			if id := uint64(i + 1); e.Cursor != (pelton.Cursor{Epoch: since, ID: id}) || string(e.Snapshot.Payload) != fmt.Sprint("v", id) || e.Snapshot.Epoch != since {
				t.Errorf("round %d: event %d is %+v", round, i, e)
			}
		}
		f.Close()
		if at, err := h.s.At(t.Context(), "k", 2); err != nil || at.Epoch != since || string(at.Payload) != "v2" {
			t.Errorf("round %d: at 2: %+v, %v", round, at, err)
		}
		before = now
		names.Epoch = since
	}
	f := follow(t, h.s, session.FollowRequest{All: true, From: session.Beginning, OnGap: session.OnGapReset})
	for _, e := range next(t, f, 9) { // the deleted snapshot is a gap
		if e.Cursor.Epoch != since || e.Snapshot != nil && e.Snapshot.Epoch != since {
			t.Errorf("of the name: %s %+v", line(e), e.Cursor)
		}
	}
	f.Close()
	h.close(t)
}

// TestHistoryResets: with on_gap=RESET a follower of before is told of the epoch and given what there is.
func TestHistoryResets(t *testing.T) {
	h, p := begin(t)
	before, err := h.s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	h.renew(t)
	f := follow(t, h.s, session.FollowRequest{Key: "k", From: session.After, After: pelton.Cursor{Epoch: before.Epoch, ID: 3}, OnGap: session.OnGapReset})
	p.emit(t, h.s, "k", "v4")
	if got := lines(next(t, f, 5)); got != "epoch s1 s2 s3 s4" {
		t.Errorf("followed %s", got)
	}
	f.Close()
	h.close(t)
}

// TestHistoryEnds: a life that began before is trimmed and ended by what is in its keys, and the next one is another.
func TestHistoryEnds(t *testing.T) {
	h, p := begin(t)
	h.o.Retain.Snapshots = 2
	since := h.renew(t)
	for i := range 10 {
		p.emit(t, h.s, "k", fmt.Sprint("w", i))
	}
	if _, err := h.s.At(t.Context(), "k", 1); !errors.Is(err, session.ErrGone) {
		t.Errorf("at 1, which retention removed: %v", err)
	}
	if at, err := h.s.At(t.Context(), "k", 13); err != nil || at.Epoch != since {
		t.Errorf("at 13: %+v, %v", at, err)
	}
	if err := h.s.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k", "gone", "fresh"} {
		p.emit(t, h.s, key, "new")
		now, err := h.s.Get(t.Context(), key)
		if err != nil || now.ID != 1 || now.Epoch <= since {
			t.Errorf("%s is born: %+v, %v; want id 1 of an epoch above %d", key, now, err, since)
		}
		f := follow(t, h.s, session.FollowRequest{Key: key, From: session.Beginning})
		if got := lines(next(t, f, 1)); got != "s1" {
			t.Errorf("%s: %s", key, got)
		}
		f.Close()
	}
	h.close(t)
}

// TestHistoryStreams: a stream that a client made, empty or not, goes on under the new epoch, and again after a restart.
func TestHistoryStreams(t *testing.T) {
	h := &history{disk: memory.NewDisk(), o: session.Options{Writable: true}}
	h.open(t)
	create(t, h.s, "empty")
	create(t, h.s, "full")
	write(t, h.s, "full", text("a", "b"))
	create(t, h.s, "reborn")
	if err := h.s.Delete(t.Context(), "reborn"); err != nil {
		t.Fatal(err)
	}
	create(t, h.s, "reborn")
	since := h.renew(t)
	for range 2 { // the second time nothing was renewed since
		for _, key := range []string{"empty", "full", "reborn"} {
			w := write(t, h.s, key, text("c"))
			if w.Cursor.Epoch != since {
				t.Errorf("%s: written at %s; want epoch %d", key, w.Cursor, since)
			}
		}
		h.close(t)
		h.open(t)
	}
	for key, want := range map[string]string{"empty": "cc", "full": "abcc", "reborn": "cc"} {
		if got := content(t, h.s, key); got != want {
			t.Errorf("%s holds %q; want %q", key, got, want)
		}
	}
	write(t, h.s, "empty", stream.Write{Close: true})
	since = h.renew(t)
	f := follow(t, h.s, session.FollowRequest{Key: "empty", From: session.Beginning})
	if got := lines(next(t, f, 3)); got != "s1 s2 closed" || f.Hello().Epoch != since {
		t.Errorf("a closed stream: %s at %+v", got, f.Hello())
	}
	f.Close()
	h.close(t)
}
