package memory_test

import (
	"errors"
	"testing"

	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
	"github.com/peltonhq/pelton/store/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() store.Store {
		disk := memory.NewDisk()
		return func() store.Store {
			s, err := disk.Open()
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}

func record(name string) []store.Record {
	return []store.Record{{Op: store.Put, Key: store.Key(store.SpaceKV, name), Value: []byte(name)}}
}

func there(r store.Reader, name string) bool {
	_, err := r.Get(store.Key(store.SpaceKV, name))
	return err == nil
}

func claimed(t *testing.T, s *memory.Store) store.Token {
	t.Helper()
	token, err := s.Claim(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestHold: reads never see what is not durable (S4), and a crash loses it.
func TestHold(t *testing.T) {
	disk := memory.NewDisk()
	s, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Open(); !errors.Is(err, store.ErrHeld) {
		t.Errorf("second open: %v; want ErrHeld", err)
	}
	token := claimed(t, s)
	s.Hold()
	answers := make(chan error, 3)
	for _, name := range []string{"a", "b", "c"} {
		s.AppendAsync(token, record(name), func(_ store.Pos, err error) { answers <- err })
	}
	view := s.View()
	if there(s, "a") || there(view, "a") || s.Stats().Queued != 3 {
		t.Errorf("held: a is seen, or %d queued; want 3", s.Stats().Queued)
	}
	s.Step(1)
	if err := <-answers; err != nil {
		t.Fatal(err)
	}
	if !there(s, "a") || there(view, "a") || there(s, "b") {
		t.Error("after one step: want a in the store, not in the older view, and b nowhere")
	}
	s.Crash()
	for range 2 {
		if err := <-answers; !errors.Is(err, store.ErrClosed) {
			t.Errorf("crashed append: %v; want ErrClosed", err)
		}
	}
	s, err = disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !there(s, "a") || there(s, "b") || there(s, "c") {
		t.Error("after the crash: want a and nothing else")
	}
}

func TestCloseReleases(t *testing.T) {
	disk := memory.NewDisk()
	s, err := disk.Open()
	if err != nil {
		t.Fatal(err)
	}
	token := claimed(t, s)
	s.Hold()
	answer := make(chan error, 1)
	s.AppendAsync(token, record("a"), func(_ store.Pos, err error) { answer <- err })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Errorf("append before Close: %v", err)
	}
}

func TestFailNext(t *testing.T) {
	s := memory.New()
	defer s.Close()
	token := claimed(t, s)
	strict := token
	strict.Strict = true
	boom := errors.New("boom")
	s.FailNext(boom)
	if _, err := s.Append(t.Context(), strict, record("a")); !errors.Is(err, boom) || there(s, "a") {
		t.Errorf("failed append: %v, there %v", err, there(s, "a"))
	}
	if _, err := s.Append(t.Context(), strict, record("b")); !errors.Is(err, boom) {
		t.Errorf("strict append behind a failed one: %v; want its error", err)
	}
	if _, err := s.Append(t.Context(), token, record("a")); err != nil {
		t.Errorf("append after the failed one: %v", err)
	}
	s.Break()
	for range 2 {
		if _, err := s.Append(t.Context(), token, record("b")); !errors.Is(err, store.ErrFailed) {
			t.Errorf("broken: %v; want ErrFailed", err)
		}
	}
	if _, err := s.Claim(t.Context(), "p"); !errors.Is(err, store.ErrFailed) || !there(s, "a") {
		t.Errorf("broken claim: %v; want ErrFailed, and reads that go on", err)
	}
}

func TestFill(t *testing.T) {
	s := memory.New()
	token := claimed(t, s)
	if _, err := s.Append(t.Context(), token, record("a")); err != nil {
		t.Fatal(err)
	}
	s.Fill("by the test")
	if _, err := s.Append(t.Context(), token, record("b")); !errors.Is(err, store.ErrFull) {
		t.Errorf("full: %v; want ErrFull", err)
	}
	gone := []store.Record{{Op: store.Delete, Key: store.Key(store.SpaceKV, "a")}}
	if _, err := s.Append(t.Context(), token, gone); err != nil || there(s, "a") {
		t.Errorf("delete while full: %v", err)
	}
	reason, room := s.Full()
	if reason != "by the test" || s.Stats().Full != reason {
		t.Errorf("reason %q", reason)
	}
	go s.Fill("")
	<-room
	if _, err := s.Append(t.Context(), token, record("b")); err != nil {
		t.Errorf("room again: %v", err)
	}
	s.Fill("again")
	_, room = s.Full()
	s.Close()
	<-room // Close wakes who waits
}

// TestAppendNow: an append in the caller's turn is as any other, and not made when it would have to wait or to overtake.
func TestAppendNow(t *testing.T) {
	s := memory.New()
	token := claimed(t, s)
	// The claim's answer comes before the committer rests.
	now, err := false, error(nil)
	for !now && err == nil {
		_, now, err = s.AppendNow(token, record("a"))
	}
	if err != nil || !there(s, "a") || s.Stats().Records != 1 {
		t.Errorf("append now: %v, %+v", err, s.Stats())
	}
	view := s.View()
	for _, value := range []string{"b", "longer", "c"} {
		records := record("a")
		records[0].Value = []byte(value)
		if _, _, err := s.AppendNow(token, records); err != nil {
			t.Error(err)
		}
		got, err := s.Get(records[0].Key)
		before, _ := view.Get(records[0].Key)
		if err != nil || string(got) != value || string(before) != "a" {
			t.Errorf("a is %q, %v, and %q in an older view; want %q and a", got, err, before, value)
		}
	}
	s.Hold()
	if _, now, err := s.AppendNow(token, record("held")); now || err != nil || there(s, "held") {
		t.Errorf("held: now %v, %v", now, err)
	}
	answer := make(chan error, 1)
	s.AppendAsync(token, record("first"), func(_ store.Pos, err error) { answer <- err })
	if _, now, _ := s.AppendNow(token, record("second")); now {
		t.Error("it overtook one that waits")
	}
	s.Release()
	if err := <-answer; err != nil || there(s, "second") {
		t.Errorf("released: %v", err)
	}
	claimed(t, s)
	now = false
	for !now {
		if _, now, err = s.AppendNow(token, record("fenced")); now && !errors.Is(err, store.ErrFenced) {
			t.Errorf("fenced: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, now, _ := s.AppendNow(token, record("late")); now {
		t.Error("a closed store took it")
	}
}
