package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/peltonhq/pelton/store"
)

// testCloseAnswersAll: done is called exactly once, whenever Close comes, and an answer without an error is kept.
func testCloseAnswersAll(t *testing.T, open func() store.Store) {
	s := open()
	const writers, each = 4, 500
	tokens := make([]store.Token, writers)
	for w := range tokens {
		tokens[w] = claim(t, s, key2(w))
	}
	var calls [writers * each]atomic.Int32
	var kept [writers * each]atomic.Bool
	var handed, answers, started sync.WaitGroup
	answers.Add(writers * each)
	started.Add(writers)
	for w := range writers {
		handed.Go(func() {
			for i := range each {
				if i == each/4 {
					started.Done()
				}
				n := w*each + i
				s.AppendAsync(tokens[w], []store.Record{put(key(uint64(n)), "x")}, func(_ store.Pos, err error) {
					if err != nil && !errors.Is(err, store.ErrClosed) {
						t.Errorf("append %d: %v", n, err)
					}
					kept[n].Store(err == nil)
					if calls[n].Add(1) == 1 {
						answers.Done()
					}
				})
			}
		})
	}
	started.Wait()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	handed.Wait()
	answers.Wait()
	s = use(t, open)
	for n := range calls {
		if c := calls[n].Load(); c != 1 {
			t.Errorf("done of %d was called %d times", n, c)
		}
		_, err := s.Get(key(uint64(n)))
		if there := err == nil; there != kept[n].Load() {
			t.Errorf("append %d: answered %v, there after reopen %v", n, kept[n].Load(), there)
		}
	}
}

func key2(w int) string { return string(rune('a' + w)) }

func testAfterClose(t *testing.T, open func() store.Store) {
	s := open()
	token := claim(t, s, "p")
	add(t, s, token, put(key("a"), "1"))
	view := s.View()
	for range s.Scan(nil, nil, store.ScanOptions{}) {
		if err := s.Close(); err != nil { // Close never waits for the body of a loop
			t.Errorf("close: %v", err)
		}
	}
	_, err := s.Append(t.Context(), token, []store.Record{put(key("b"), "1")})
	wantErr(t, err, store.ErrClosed)
	_, err = s.Claim(t.Context(), "p")
	wantErr(t, err, store.ErrClosed)
	_, err = s.Get(key("a"))
	wantErr(t, err, store.ErrClosed)
	_, err = view.Get(key("a"))
	wantErr(t, err, store.ErrClosed)
	_, err = s.View().Get(key("a"))
	wantErr(t, err, store.ErrClosed)
	n := 0
	for _, err := range view.Scan(nil, nil, store.ScanOptions{}) {
		wantErr(t, err, store.ErrClosed)
		n++
	}
	if n != 1 {
		t.Errorf("scan of a closed store: %d steps; want its error once", n)
	}
	if err := view.Close(); err != nil {
		t.Errorf("close view: %v", err)
	}
	wantErr(t, s.Close(), store.ErrClosed)
	s.Stats() // must not panic

	// done may take a lock that the caller of AppendAsync holds.
	var mu sync.Mutex
	answered := make(chan error, 1)
	mu.Lock()
	s.AppendAsync(token, []store.Record{put(key("b"), "1")}, func(_ store.Pos, err error) {
		mu.Lock()
		defer mu.Unlock()
		answered <- err
	})
	mu.Unlock()
	wantErr(t, <-answered, store.ErrClosed)
}
