package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peltonhq/pelton/store/memory"
)

// Who waits for room gets it when something is settled, when the store has room again, or never if the queue closes.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		defer s.Close()
		q := opened(t, Options{Store: s, MaxBytes: 1000, MaxAge: time.Hour})
		large := []Message{{Payload: make([]byte, 600)}}
		outcome := make(chan error, 1)
		wait := func(ctx context.Context) {
			go func() {
				_, err := q.Wait(ctx, large)
				outcome <- err
			}()
			synctest.Wait()
		}
		waits := func(what string) {
			t.Helper()
			select {
			case err := <-outcome:
				t.Fatalf("%s: did not wait: %v", what, err)
			default:
			}
		}
		goes := func(what string) {
			t.Helper()
			synctest.Wait()
			select {
			case err := <-outcome:
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			default:
				t.Fatalf("%s: still waits", what)
			}
		}
		l := lane{queue: q}
		wait(t.Context())
		goes("empty queue")
		wait(t.Context())
		waits("full queue")
		l.Settled(2)
		goes("settled")
		s.Fill("a tiny disk")
		l.Settled(3)
		wait(t.Context())
		waits("full store")
		s.Fill("")
		goes("store with room")
		time.Sleep(2 * time.Hour)
		wait(t.Context())
		waits("full and old")
		l.Settled(4)
		goes("nothing old")
		ctx, cancel := context.WithCancel(t.Context())
		wait(ctx)
		waits("full")
		cancel()
		if err := <-outcome; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		wait(t.Context())
		if err := errors.Join(q.Close(), q.Close()); err != nil {
			t.Error(err)
		}
		if err := <-outcome; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if q.Stats().Waits < 5 || q.Stats().Bytes == 0 {
			t.Errorf("%+v", q.Stats())
		}
	})
}
