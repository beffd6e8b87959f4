package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/peltonhq/pelton/store"
)

func testConcurrent(t *testing.T, open func() store.Store) {
	s := use(t, open)
	const writers, each = 8, 150
	var done sync.WaitGroup
	for w := range uint64(writers) {
		token := claim(t, s, fmt.Sprintf("p%d", w))
		done.Go(func() {
			for i := range uint64(each) {
				if _, err := s.Append(context.Background(), token, []store.Record{put(key(w, i), "x"), put(key(w, "n"), fmt.Sprint(i))}); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
		done.Go(func() {
			for range each / 3 {
				last := 0
				for _, err := range s.Scan(key(w), store.PrefixEnd(key(w)), store.ScanOptions{}) {
					if err != nil {
						t.Errorf("reader %d: %v", w, err)
					}
					last++
				}
				view := s.View()
				n := 0
				for _, err := range view.Scan(key(w), store.PrefixEnd(key(w)), store.ScanOptions{}) {
					if err != nil {
						t.Errorf("view reader %d: %v", w, err)
					}
					n++
				}
				if n < last {
					t.Errorf("reader %d: went back from %d to %d entries", w, last, n)
				}
				view.Close()
			}
		})
	}
	done.Wait()
	if n := len(all(t, s, nil, nil, store.ScanOptions{})); n != writers*(each+1) {
		t.Errorf("%d entries; want %d", n, writers*(each+1))
	}
}

func testCancelled(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Append(ctx, token, []store.Record{put(key("a"), "1")})
	wantErr(t, err, context.Canceled)
	_, err = s.Claim(ctx, "p")
	wantErr(t, err, context.Canceled)
	add(t, s, token, put(key("b"), "1"))
}
