package tap_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/peltonhq/pelton/internal/tap"
)

var delays = tap.Node{Kind: tap.Plugin, Name: "delays"}

func open(t *testing.T, h *tap.Hub, o tap.Options) *tap.Tap {
	t.Helper()
	o.Node = delays
	opened, err := h.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	return opened
}

func TestActiveOnlyWhileATapIsOpen(t *testing.T) {
	t.Parallel()
	h := tap.New(tap.Limits{Open: 2, Buffer: 1 << 20, Rate: 1})
	var none *tap.Hub
	if h.Active() || none.Active() {
		t.Error("active before anybody taps")
	}
	a, b := open(t, h, tap.Options{}), open(t, h, tap.Options{})
	if _, err := h.Open(tap.Options{Node: delays}); !errors.Is(err, tap.ErrMany) {
		t.Errorf("a third tap: %v", err)
	}
	found := 0
	h.At(tap.Plugin, "delays", func(*tap.Tap) { found++ })
	h.At(tap.Sink, "delays", func(*tap.Tap) { found += 100 })
	h.At(tap.Plugin, "other", func(*tap.Tap) { found += 100 })
	if found != 2 || h.Stats().Open != 2 {
		t.Errorf("found %d taps; %+v", found, h.Stats())
	}
	a.Close()
	a.Close()
	if !h.Active() {
		t.Error("not active with one tap left")
	}
	b.Close()
	if h.Active() {
		t.Error("active after the last was closed")
	}
}

func TestKeyAndRate(t *testing.T) {
	t.Parallel()
	h := tap.New(tap.Limits{Open: 2, Buffer: 1 << 20, Rate: 5})
	opened := open(t, h, tap.Options{Key: []byte("ORD"), Rate: 1000}) // more than the limit means the limit
	now := time.Unix(1000, 0)
	taken := 0
	for range 100 {
		if opened.Takes([]byte("DTW"), now) {
			t.Fatal("took another key")
		}
		if opened.Takes([]byte("ORD"), now) {
			opened.Put(tap.Sample{})
			taken++
		}
	}
	if taken != 5 {
		t.Errorf("took %d at once, want a second's worth", taken)
	}
	if !opened.Takes([]byte("ORD"), now.Add(time.Second)) {
		t.Error("takes nothing a second later")
	}
	if c := h.Stats(); c.Limited != 95 || c.Taken != 5 {
		t.Errorf("counts %+v", c)
	}
}

func TestAFullQueueLeavesOutAndCounts(t *testing.T) {
	t.Parallel()
	h := tap.New(tap.Limits{Open: 1, Buffer: 4096, Rate: 1000})
	opened := open(t, h, tap.Options{})
	for range 10 {
		opened.Put(tap.Sample{Payload: make([]byte, 1000)})
	}
	<-opened.Wake()
	queue, counts := opened.Take()
	if len(queue) != 3 || counts.Taken != 3 || counts.Full != 7 {
		t.Errorf("%d waited; %+v", len(queue), counts)
	}
	opened.Put(tap.Sample{})
	if queue, _ := opened.Take(); len(queue) != 1 {
		t.Error("no room after a take")
	}
	opened.Close()
	opened.Put(tap.Sample{})
	if s := h.Stats(); s.Taken != 4 || s.Open != 0 {
		t.Errorf("after the close: %+v", s)
	}
}

func TestManyLoopsPutWhileTapsComeAndGo(t *testing.T) {
	t.Parallel()
	h := tap.New(tap.Limits{Open: 100, Buffer: 1 << 20, Rate: 1e9})
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if h.Active() {
					h.At(tap.Plugin, "delays", func(t *tap.Tap) { t.Put(tap.Sample{ID: "x"}) })
				}
			}
		})
	}
	for range 50 {
		opened := open(t, h, tap.Options{})
		<-opened.Wake()
		if queue, _ := opened.Take(); len(queue) == 0 {
			t.Error("woken for nothing")
		}
		opened.Close()
	}
	close(stop)
	group.Wait()
}
