package latch

import (
	"testing"
	"testing/synctest"
)

// TestNoteRefusesNobody: an act that comes while a note is written waits for it and is admitted.
func TestNoteRefusesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		end := l.Note()
		admitted := make(chan bool, 1)
		go func() { admitted <- l.TryLock() }()
		synctest.Wait()
		if len(admitted) != 0 {
			t.Fatal("an act began in the middle of a note")
		}
		end()
		if !<-admitted {
			t.Fatal("a note refused an act")
		}
		if l.TryLock() {
			t.Fatal("two acts at once")
		}
		l.Unlock()
	})
}

// TestNoteWaits: what is noted comes behind the act under way.
func TestNoteWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		l.Lock()
		noted := make(chan struct{})
		go func() {
			defer l.Note()()
			close(noted)
		}()
		synctest.Wait()
		select {
		case <-noted:
			t.Fatal("a note was written in the middle of an act")
		default:
		}
		l.Unlock()
		<-noted
		if !l.TryLock() {
			t.Fatal("the note did not end")
		}
		l.Unlock()
	})
}
