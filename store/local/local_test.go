package local

import (
	"testing"

	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	child()
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	for _, mode := range []Sync{SyncAlways, SyncOff} {
		t.Run(string(mode), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) func() store.Store {
				o := Options{Dir: t.TempDir(), Sync: mode}
				return func() store.Store { return open(t, o) }
			})
		})
	}
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func claim(t testing.TB, s store.Store) store.Token {
	t.Helper()
	token, err := s.Claim(t.Context(), "p")
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return token
}

func key(parts ...any) []byte { return store.Key(store.SpaceKV, parts...) }

func put(k, value []byte) store.Record { return store.Record{Op: store.Put, Key: k, Value: value} }

// A store of an earlier format is read as it is, and is one of this format afterwards.
func TestEarlierFormat(t *testing.T) {
	dir := rows(t)
	s := open(t, Options{Dir: dir})
	if err := s.db.Set(formatKey, store.AppendUint64(nil, 1), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir})
	if have, err := s.storedFormat(); have != format || err != nil {
		t.Errorf("format %d, %v; want %d", have, err, format)
	}
	if _, err := s.Get(key(uint64(99))); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Memtables are as large as the limits of the store allow.
func TestMemtable(t *testing.T) {
	for want, o := range map[uint64]Options{
		16 << 20: {},
		4 << 20:  {MaxBytes: 64 << 20},
		8 << 20:  {MaxBytes: 512 << 20, Reserve: 1 << 30},
		5 << 20:  {MaxBytes: 100 << 30, Reserve: 20 << 20},
	} {
		if got := o.memtable(); got != want {
			t.Errorf("%+v: %d, want %d", o, got, want)
		}
	}
}
