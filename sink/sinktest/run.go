package sinktest

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/peltonhq/pelton"
)

// Run checks one sink; fresh makes a new, empty place for each test. The tests run in synctest bubbles, so that
// back-off takes no time, unless the kit is of a real place.
func Run(t *testing.T, fresh func(t *testing.T) Kit) {
	k := fresh(t)
	bubble := inBubble
	if k.Real {
		bubble = inTheOpen
	}
	for name, run := range map[string]func(*testing.T, Kit){
		"everything once": everything,
		"several senders": several,
		"rejected":        rejects,
		"restart":         restart,
		"idle":            idle,
		"drain":           drain,
	} {
		bubble(t, name, fresh, run)
	}
	for _, name := range slices.Sorted(maps.Keys(k.Faults)) {
		bubble(t, "fault/"+name, fresh, func(t *testing.T, k Kit) { fault(t, k, k.Faults[name]) })
	}
	for _, name := range slices.Sorted(maps.Keys(k.Crashes)) {
		bubble(t, "crash/"+name, fresh, func(t *testing.T, k Kit) { crash(t, k, k.Crashes[name]) })
	}
}

func inTheOpen(t *testing.T, name string, fresh func(*testing.T) Kit, run func(*testing.T, Kit)) {
	t.Run(name, func(t *testing.T) { run(t, fresh(t)) })
}

func inBubble(t *testing.T, name string, fresh func(*testing.T) Kit, run func(*testing.T, Kit)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { run(t, fresh(t)) })
	})
}

func everything(t *testing.T, k Kit) {
	w := k.start(t)
	all := effects("a", 1, 500)
	w.send(t, all).all(t, all)
	w.stop(t)
	diff(t, k.Lines(), lines("a", 1, 500))
}

// several: the order of each sender is kept, whatever is between.
func several(t *testing.T, k Kit) {
	w := k.start(t)
	var wg sync.WaitGroup
	for _, lane := range []string{"a", "b", "c"} {
		wg.Go(func() {
			all := effects(lane, 1, 200)
			for part := range slices.Chunk(all, 7) {
				w.send(t, part).all(t, part)
			}
		})
	}
	wg.Wait()
	w.stop(t)
	got := k.Lines()
	if len(got) != 600 {
		t.Errorf("%d lines, want 600", len(got))
	}
	for _, lane := range []string{"a", "b", "c"} {
		diff(t, only(got, lane), lines(lane, 1, 200))
	}
}

func only(all []string, lane string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(l string) bool { return !strings.HasPrefix(l, lane+" ") })
}

func rejects(t *testing.T, k Kit) {
	if k.Rejects == nil {
		return
	}
	w := k.start(t)
	all := effects("a", 1, 50)
	var want []string
	for i := range all {
		if i%10 == 3 || i == 49 {
			all[i].Payload = k.Rejects
			continue
		}
		want = append(want, string(all[i].Payload))
	}
	s := w.send(t, all)
	<-s.done
	for i, token := range s.order {
		if err := s.errs[token]; token != all[i].Token || (err != nil) != (i%10 == 3 || i == 49) {
			t.Errorf("completion %d is of effect %d with %v", i, token, err)
		}
	}
	w.stop(t)
	got := k.Lines()
	if k.Repeats {
		got = last(got)
	}
	diff(t, got, want)
}

// restart: a sink that is opened again goes on behind what it has.
func restart(t *testing.T, k Kit) {
	for from := uint64(1); from < 100; from += 25 {
		w := k.start(t)
		all := effects("a", from, from+24)
		w.send(t, all).all(t, all)
		w.stop(t)
		diff(t, k.Lines(), lines("a", 1, from+24))
	}
}

// idle: opening and closing without a write leaves the place as it is.
func idle(t *testing.T, k Kit) {
	for range 2 {
		k.start(t).stop(t)
		if got := k.Lines(); len(got) != 0 {
			t.Fatalf("%d lines without a write", len(got))
		}
	}
	all := effects("a", 1, 3)
	w := k.start(t)
	w.send(t, all).all(t, all)
	w.stop(t)
	k.start(t).stop(t)
	diff(t, k.Lines(), lines("a", 1, 3))
}

// drain: a worker that is closed with effects in its queue loses none of those that it told its sender of, and the others
// come again.
func drain(t *testing.T, k Kit) {
	for round := range uint64(3) {
		w := k.start(t)
		all := effects("a", 1, 30*round+30)
		w.send(t, all[30*round:])
		w.stop(t)
		k.recover(t, all)
		// What was on its way when the worker was closed may arrive after what its successor sent.
		got := k.Lines()
		if k.Durable == nil {
			got = last(got)
		}
		diff(t, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(lines("a", 1, 30*round+30))))
	}
}

// fault: a transient failure loses nothing, repeats nothing and keeps the order (E2), at the first write, in the midst
// and several times.
func fault(t *testing.T, k Kit, arm func()) {
	w := k.start(t)
	for from := uint64(1); from < 100; from += 25 {
		before := w.worker.Stats().Retries
		arm()
		all := effects("a", from, from+24)
		w.send(t, all).all(t, all)
		if st := w.worker.Stats(); st.Retries == before || st.LastError == nil || st.Waiting {
			t.Fatalf("no write failed: %+v", st)
		}
		diff(t, k.Lines(), lines("a", 1, from+24))
	}
	w.stop(t)
	diff(t, k.Lines(), lines("a", 1, 100))
}

// crash: after a kill in the midst of a Write, its sender offers again what it does not know to be durable. Nothing is
// lost, and nothing repeats if the sink is exact (S2).
func crash(t *testing.T, k Kit, arm func()) {
	for round := range 2 { // at the first Write of a new place, and at a later one
		w := k.start(t)
		from := uint64(40*round + 1)
		all := effects("a", from, from+9)
		if round > 0 {
			w.send(t, all).all(t, all)
		} else {
			all = nil
		}
		arm()
		more := effects("a", from+uint64(len(all)), from+39)
		w.send(t, more[:min(16, len(more))])
		<-w.retry
		w.stop(t)
		k.recover(t, append(all, more...))
		k.check(t, from+39)
	}
}

// recover offers again what is not known to be durable.
func (k *Kit) recover(t *testing.T, all []pelton.Effect) {
	w := k.start(t)
	if k.Durable != nil {
		all = slices.DeleteFunc(all, func(e pelton.Effect) bool { return k.Durable(&e) })
	}
	if len(all) > 0 {
		w.send(t, all).all(t, all)
	}
	w.stop(t)
}

// check compares with everything up to a position. The lines of a sink that is not exact may repeat, but none is
// missing, and the last of each come in order.
func (k *Kit) check(t *testing.T, to uint64) {
	t.Helper()
	got := k.Lines()
	if k.Durable == nil {
		got = last(got)
	}
	diff(t, got, lines("a", 1, to))
}

// last keeps the last one of equal lines.
func last(all []string) []string {
	var kept []string
	for i, l := range all {
		if !slices.Contains(all[i+1:], l) {
			kept = append(kept, l)
		}
	}
	return kept
}
