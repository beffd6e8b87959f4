package storetest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/peltonhq/pelton/store"
)

// testModel compares a random run, reopened now and then, with a map.
func testModel(t *testing.T, open func() store.Store) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := model{t: t, rand: rand.New(rand.NewPCG(seed, 0)), state: map[string]string{}, open: open}
	m.reopen()
	for range 250 {
		switch n := m.rand.IntN(50); {
		case n == 0:
			if err := m.s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			m.reopen()
		case n < 15:
			m.compare()
		default:
			m.append()
		}
	}
	m.compare()
	if err := m.s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

type model struct {
	t     *testing.T
	rand  *rand.Rand
	open  func() store.Store
	s     store.Store
	token store.Token
	state map[string]string
}

func (m *model) reopen() {
	m.s = m.open()
	m.token = claim(m.t, m.s, "model")
}

func (m *model) key() []byte { return key(fmt.Sprint(m.rand.IntN(5)), uint64(m.rand.IntN(40))) }

// bound is a key, or now and then the open end.
func (m *model) bound() []byte {
	if m.rand.IntN(5) == 0 {
		return nil
	}
	return m.key()
}

func (m *model) append() {
	var records []store.Record
	for range 1 + m.rand.IntN(20) {
		k := m.key()
		switch n := m.rand.IntN(20); {
		case n == 0:
			end := m.key()
			if bytes.Compare(k, end) >= 0 {
				continue
			}
			records = append(records, store.Record{Op: store.DeleteRange, Key: k, End: end})
			maps.DeleteFunc(m.state, func(s, _ string) bool { return s >= string(k) && s < string(end) })
		case n < 5:
			records = append(records, store.Record{Op: store.Delete, Key: k})
			delete(m.state, string(k))
		default:
			value := fmt.Sprint(m.rand.Uint64())
			records = append(records, put(k, value))
			m.state[string(k)] = value
		}
	}
	if len(records) > 0 {
		add(m.t, m.s, m.token, records...)
	}
}

func (m *model) compare() {
	m.t.Helper()
	start, end := m.bound(), m.bound()
	o := store.ScanOptions{Reverse: m.rand.IntN(2) == 0, Limit: max(0, m.rand.IntN(300)-100)}
	var keys []string
	for k := range m.state {
		if k >= string(start) && (end == nil || k < string(end)) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if o.Reverse {
		slices.Reverse(keys)
	}
	if o.Limit > 0 {
		keys = keys[:min(len(keys), o.Limit)]
	}
	got := all(m.t, m.s, start, end, o)
	if len(got) != len(keys) {
		m.t.Fatalf("scan %x to %x %+v: %d entries; want %d", start, end, o, len(got), len(keys))
	}
	for i, e := range got {
		if string(e.Key) != keys[i] || string(e.Value) != m.state[keys[i]] {
			m.t.Fatalf("scan %x to %x %+v: entry %d is %x = %s; want %x = %s", start, end, o, i, e.Key, e.Value, keys[i], m.state[keys[i]])
		}
	}
	k := m.key()
	if value, there := m.state[string(k)]; there {
		want(m.t, m.s, k, value)
	} else {
		wantNone(m.t, m.s, k)
	}
}
