package arena_test

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peltonhq/pelton/arena"
)

// What another mapping of the file shows where a message lies is the message, as long as it is lent.
func TestMappingShowsTheMessages(t *testing.T) {
	a, other := open(t, mib, 64*kib), open(t, mib, 64*kib)
	l, foreign := lane(t, a, "lane"), lane(t, other, "lane")
	lend := func(a *arena.Arena, l *arena.Lane, fill byte) []byte {
		b := acquire(t, l, 8*kib)
		copy(b.Bytes(), bytes.Repeat([]byte{fill}, 8*kib))
		ref := commit(t, l, b, arena.Frame{Offset: 100, Length: 8*kib - 100})
		l.Done(b)
		t.Cleanup(func() { release(t, a, ref) })
		v, err := a.View(ref)
		if err != nil {
			t.Fatal(err)
		}
		return v.Payload()
	}
	payloads := [][]byte{lend(a, l, 'a'), lend(other, foreign, 'b'), lend(a, l, 'c')}
	mappings := make([]*arena.Mapping, len(payloads))
	for i, payload := range payloads {
		m := arena.Find(payload)
		if m == nil {
			t.Fatalf("message %d is in no arena", i)
		}
		offset, ok := m.Offset(payload)
		if !ok || m.Size() != mib {
			t.Fatalf("message %d: offset %d, %t, of %d bytes", i, offset, ok, m.Size())
		}
		shown, err := unix.Mmap(m.File(), 0, int(m.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(shown[offset:][:len(payload)], payload) {
			t.Errorf("message %d: the other mapping shows something else", i)
		}
		if err := unix.Munmap(shown); err != nil {
			t.Fatal(err)
		}
		mappings[i] = m
	}
	if mappings[0] != mappings[2] || mappings[0] == mappings[1] {
		t.Error("an arena has one mapping, and of its own")
	}
	if _, ok := mappings[0].Offset(payloads[1]); ok {
		t.Error("a message lies in another arena")
	}
}

func TestWhatLiesInNoArenaIsNotFound(t *testing.T) {
	a := open(t, mib, 64*kib)
	l := lane(t, a, "lane")
	b := acquire(t, l, kib)
	inside := b.Bytes()
	m := arena.Find(inside)
	if m == nil || m.Gone() || m.Name() != "test" {
		t.Fatalf("got %+v", m)
	}
	for what, bytes := range map[string][]byte{"nothing": nil, "empty": {}, "the heap's": make([]byte, kib)} {
		if arena.Find(bytes) != nil {
			t.Errorf("%s lies in an arena", what)
		}
	}
	l.Done(b)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Offset(inside); ok || !m.Gone() || arena.Find(inside) != nil {
		t.Error("what an arena had is found after it was closed")
	}
}
