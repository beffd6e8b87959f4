package arena_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

var seed = flag.Uint64("seed", 0, "of the random tests; 0 takes another one each time")

// seeded prints its seed when the test fails; -seed repeats it.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with -seed=%d", s)
		}
	})
	return rand.New(rand.NewPCG(s, 0))
}

// model is what the arena should be: messages by reference, as copies.
type model struct {
	t      *testing.T
	arena  *arena.Arena
	lanes  []*arena.Lane
	blocks []*filling // by lane; nil when it has none
	live   map[pelton.Ref]*message
	order  []pelton.Ref // live ones, so that a choice is the same each time
	gone   []pelton.Ref
	count  byte
}

type filling struct {
	block *arena.Block
	at    int
}

type message struct {
	payload, key []byte
	position     uint64
}

func newModel(t *testing.T) *model {
	t.Helper()
	a := open(t, 256*kib, 16*kib)
	m := &model{t: t, arena: a, live: map[pelton.Ref]*message{}, blocks: make([]*filling, 3)}
	for range m.blocks {
		m.lanes = append(m.lanes, lane(t, a, "lane"))
	}
	return m
}

// step does what three bytes say.
func (m *model) step(op, x, y byte) {
	i := int(x) % len(m.lanes)
	switch op % 8 {
	case 0:
		m.acquire(i, int(y)*64)
	case 1, 2, 3:
		m.commit(i, int(x)*int(y)%5000, int(y)%4)
	case 4:
		m.release(int(x)<<8 | int(y))
	case 5:
		m.releaseRun(int(x)<<8|int(y), int(y)%20)
	case 6:
		if ref, ok := m.choose(int(x)<<8 | int(y)); ok {
			_ = m.arena.Move(ref) // may be full: then nothing changed
			m.view(ref)
		}
	case 7:
		m.stale(int(x)<<8 | int(y))
	}
	m.figures()
}

func (m *model) acquire(i, n int) {
	m.done(i)
	b, ok, err := m.lanes[i].TryAcquire(n)
	if err != nil {
		m.t.Fatal(err)
	}
	if ok {
		if len(b.Bytes()) < n {
			m.t.Fatalf("%d bytes, want %d", len(b.Bytes()), n)
		}
		m.blocks[i] = &filling{block: b}
	}
}

func (m *model) done(i int) {
	if f := m.blocks[i]; f != nil {
		m.lanes[i].Done(f.block)
		m.blocks[i] = nil
	}
}

// commit lends length bytes of a pattern; the key is none, empty, inside or beside the payload.
func (m *model) commit(i, length, keyed int) {
	f := m.blocks[i]
	if f == nil || f.at+length+3 > len(f.block.Bytes()) {
		return
	}
	m.count++
	room := f.block.Bytes()[f.at : f.at+length+3]
	for j := range room {
		room[j] = m.count + byte(j)*7
	}
	frame := arena.Frame{Offset: f.at, Length: length, Meta: pelton.Meta{Position: uint64(m.count)}}
	want := &message{payload: bytes.Clone(room[:length]), position: uint64(m.count)}
	switch keyed {
	case 1:
		frame.HasKey, want.key = true, []byte{}
	case 2:
		frame.HasKey, frame.KeyOffset, frame.KeyLength = true, f.at+length/2, length/4
		want.key = bytes.Clone(room[length/2 : length/2+length/4])
	case 3:
		frame.HasKey, frame.KeyOffset, frame.KeyLength = true, f.at+length, 3
		want.key = bytes.Clone(room[length:])
	}
	ref, err := m.lanes[i].Commit(f.block, &frame)
	if err != nil {
		m.t.Fatal(err)
	}
	if m.live[ref] != nil || !ref.Valid() {
		m.t.Fatalf("A1: %s is lent already", ref)
	}
	f.at += length + 3
	m.live[ref] = want
	m.order = append(m.order, ref)
}

func (m *model) choose(n int) (pelton.Ref, bool) {
	if len(m.order) == 0 {
		return pelton.Ref{}, false
	}
	return m.order[n%len(m.order)], true
}

func (m *model) release(n int) {
	ref, ok := m.choose(n)
	if !ok {
		return
	}
	m.view(ref)
	if err := m.arena.Release(ref); err != nil {
		m.t.Fatal(err)
	}
	m.forget(ref)
}

// releaseRun gives back up to n neighbours of a message; the run ends at the first that is not lent any more.
func (m *model) releaseRun(at, n int) {
	ref, ok := m.choose(at)
	if !ok {
		return
	}
	refs := []pelton.Ref{ref}
	for range n {
		if ref.Index++; m.live[ref] == nil && !slices.Contains(m.gone, ref) {
			break // it was never issued
		}
		refs = append(refs, ref)
	}
	given, err := m.arena.ReleaseRun(refs)
	if err != nil || given < 1 || given > len(refs) {
		m.t.Fatalf("%d of %d neighbours are released: %v", given, len(refs), err)
	}
	for _, ref := range refs[:given] {
		if m.live[ref] == nil {
			m.t.Fatalf("A1: %s was not lent and is released", ref)
		}
		m.forget(ref)
	}
}

func (m *model) forget(ref pelton.Ref) {
	delete(m.live, ref)
	m.order = slices.DeleteFunc(m.order, func(other pelton.Ref) bool { return other == ref })
	m.gone = append(m.gone, ref)
}

func (m *model) view(ref pelton.Ref) {
	m.t.Helper()
	want := m.live[ref]
	v, err := m.arena.View(ref)
	if err != nil {
		m.t.Fatal(err)
	}
	if !bytes.Equal(v.Payload(), want.payload) || !bytes.Equal(v.Key(), want.key) || (v.Key() == nil) != (want.key == nil) || v.Meta().Position != want.position {
		m.t.Fatalf("A1: %s is another message: %d bytes, want %d", ref, len(v.Payload()), len(want.payload))
	}
}

func (m *model) stale(n int) {
	if len(m.gone) == 0 {
		return
	}
	ref := m.gone[n%len(m.gone)]
	if v, err := m.arena.View(ref); err == nil || v.Payload() != nil {
		m.t.Fatalf("A1: %s is gone and has a view: %v", ref, err)
	}
	if m.arena.Release(ref) == nil || m.arena.Move(ref) == nil {
		m.t.Fatalf("A1: %s is gone and was used", ref)
	}
}

// figures compares the statistics.
func (m *model) figures() {
	s, filling := m.arena.Stats(), 0
	for _, f := range m.blocks {
		if f != nil {
			filling += 16
		}
	}
	if s.Slots < len(m.live) || s.Slots > len(m.live)+filling || s.BytesUsed > s.Size || s.HighWater < s.BytesUsed {
		m.t.Fatalf("stats %+v, want %d messages", s, len(m.live))
	}
}

// finish releases all; the arena must be empty (A3).
func (m *model) finish() {
	for _, ref := range m.order {
		m.view(ref)
	}
	for i := range m.lanes {
		m.done(i)
	}
	for len(m.order) > 0 {
		m.release(0)
	}
	if s := m.arena.Stats(); s.BytesUsed != 0 || s.Blocks != 0 || s.Moved != 0 {
		m.t.Errorf("A3: idle: %+v", s)
	}
	if err := m.arena.Close(); err != nil {
		m.t.Error("A3:", err)
	}
}

func TestModel(t *testing.T) {
	r := seeded(t)
	for range 20 {
		m := newModel(t)
		for range 2000 {
			m.step(byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()))
		}
		m.finish()
	}
}

func FuzzArena(f *testing.F) {
	f.Add([]byte{0, 0, 255, 1, 200, 25, 2, 0, 3, 6, 0, 0, 5, 0, 1, 4, 0, 0, 4, 0, 0, 7, 0, 0})
	f.Add([]byte{0, 1, 10, 1, 1, 1, 0, 1, 0, 6, 0, 0, 1, 4, 3, 4, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		m := newModel(t)
		for ; len(program) >= 3; program = program[3:] {
			m.step(program[0], program[1], program[2])
		}
		m.finish()
	})
}
