package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/peltonhq/pelton/store"
)

// Run runs the kit. fresh is called once per test for fresh data; the function that it returns opens a store over that
// same data each time, and is called again only after the store was closed.
func Run(t *testing.T, fresh func(t *testing.T) (open func() store.Store)) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func() store.Store)
	}{
		{"Durable", testDurable},
		{"Reopen", testReopen},
		{"Atomic", testAtomic},
		{"Invalid", testInvalid},
		{"Fencing", testFencing},
		{"Strict", testStrict},
		{"Order", testOrder},
		{"VisibleAtDone", testVisibleAtDone},
		{"Scan", testScan},
		{"ScanWhileWriting", testScanWhileWriting},
		{"DeleteRange", testDeleteRange},
		{"Owned", testOwned},
		{"View", testView},
		{"OwnSpace", testOwnSpace},
		{"Concurrent", testConcurrent},
		{"Cancelled", testCancelled},
		{"CloseAnswersAll", testCloseAnswersAll},
		{"AfterClose", testAfterClose},
		{"Model", testModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
}

func use(t *testing.T, open func() store.Store) store.Store {
	t.Helper()
	s := open()
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func claim(t *testing.T, s store.Store, partition string) store.Token {
	t.Helper()
	token, err := s.Claim(t.Context(), partition)
	if err != nil {
		t.Fatalf("claim %q: %v", partition, err)
	}
	return token
}

func add(t *testing.T, s store.Store, token store.Token, records ...store.Record) store.Pos {
	t.Helper()
	pos, err := s.Append(t.Context(), token, records)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return pos
}

func key(parts ...any) []byte { return store.Key(store.SpaceKV, parts...) }

func put(k []byte, value string) store.Record {
	return store.Record{Op: store.Put, Key: k, Value: []byte(value)}
}

func want(t *testing.T, r store.Reader, k []byte, value string) {
	t.Helper()
	got, err := r.Get(k)
	if err != nil || string(got) != value {
		t.Errorf("get %x = %q, %v; want %q", k, got, err, value)
	}
}

func wantNone(t *testing.T, r store.Reader, k []byte) {
	t.Helper()
	if got, err := r.Get(k); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("get %x = %q, %v; want ErrNotFound", k, got, err)
	}
}

func wantErr(t *testing.T, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("error %v; want %v", err, class)
	}
}

// all is what a scan yields; it fails the test on an error.
func all(t *testing.T, r store.Reader, start, end []byte, o store.ScanOptions) []store.Entry {
	t.Helper()
	var entries []store.Entry
	for e, err := range r.Scan(start, end, o) {
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		entries = append(entries, e)
	}
	return entries
}

func testDurable(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	wantNone(t, s, key("a"))
	first := add(t, s, token, put(key("a"), "1"))
	want(t, s, key("a"), "1")
	second := add(t, s, token, put(key("a"), "2"), put(key("empty"), ""))
	want(t, s, key("a"), "2")
	want(t, s, key("empty"), "")
	if first.IsZero() || first.Compare(second) >= 0 {
		t.Errorf("positions %v, %v; want rising above zero", first, second)
	}
	add(t, s, token, store.Record{Op: store.Delete, Key: key("a")}, store.Record{Op: store.Delete, Key: key("never")})
	wantNone(t, s, key("a"))
	if st := s.Stats(); st.Appends != 4 || st.Records != 5 || st.Queued != 0 || st.Full != "" || st.Err != nil {
		t.Errorf("stats %+v; want 4 appends with the claim, 5 records, nothing queued", st)
	}
}

func testReopen(t *testing.T, open func() store.Store) {
	s := open()
	token := claim(t, s, "p")
	add(t, s, token, put(key("kept"), "1"), put(key("gone"), "1"))
	last := add(t, s, token, store.Record{Op: store.Delete, Key: key("gone")})
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	s = use(t, open)
	want(t, s, key("kept"), "1")
	wantNone(t, s, key("gone"))
	_, err := s.Append(t.Context(), store.Token{Partition: "p", Epoch: token.Epoch + 1}, []store.Record{put(key("x"), "")})
	wantErr(t, err, store.ErrFenced) // a token that nobody was given yet
	next := claim(t, s, "p")
	if next.Epoch <= token.Epoch {
		t.Errorf("epoch %d after reopen; want above %d", next.Epoch, token.Epoch)
	}
	if pos := add(t, s, next, put(key("kept"), "2")); pos.Compare(last) <= 0 {
		t.Errorf("position %v after reopen; want above %v", pos, last)
	}
	_, err = s.Append(t.Context(), token, []store.Record{put(key("kept"), "old")})
	wantErr(t, err, store.ErrFenced)
	want(t, s, key("kept"), "2")
}

func testAtomic(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	_, err := s.Append(t.Context(), token, []store.Record{put(key("a"), "1"), {Op: store.Put}})
	wantErr(t, err, store.ErrInvalid)
	wantNone(t, s, key("a"))
	// Records of one append apply in order.
	add(t, s, token, put(key("a"), "1"), put(key("b"), "1"),
		store.Record{Op: store.DeleteRange, Key: key("a"), End: key("c")}, put(key("b"), "2"))
	wantNone(t, s, key("a"))
	want(t, s, key("b"), "2")
}

func testInvalid(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	for name, records := range map[string][]store.Record{
		"no records":      nil,
		"zero op":         {{Key: key("a")}},
		"unknown op":      {{Op: 9, Key: key("a")}},
		"no key":          {{Op: store.Delete}},
		"store's space":   {put(store.Key(store.SpaceStore, "partition", "p"), "x")},
		"range into own":  {{Op: store.DeleteRange, Key: []byte{0}, End: key("z")}},
		"empty range":     {{Op: store.DeleteRange, Key: key("b"), End: key("b")}},
		"reversed range":  {{Op: store.DeleteRange, Key: key("b"), End: key("a")}},
		"range to no end": {{Op: store.DeleteRange, Key: key("b")}},
	} {
		_, err := s.Append(t.Context(), token, records)
		if !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v; want ErrInvalid", name, err)
		}
	}
	_, err := s.Claim(t.Context(), "")
	wantErr(t, err, store.ErrInvalid)
	_, err = s.Append(t.Context(), store.Token{}, []store.Record{put(key("a"), "1")})
	wantErr(t, err, store.ErrInvalid)
	add(t, s, token, put(key("a"), "1")) // the store is none the worse
}

func testFencing(t *testing.T, open func() store.Store) {
	s := use(t, open)
	old, other := claim(t, s, "p"), claim(t, s, "q")
	add(t, s, old, put(key("a"), "old"))
	owner := claim(t, s, "p")
	_, err := s.Append(t.Context(), old, []store.Record{put(key("a"), "late")})
	wantErr(t, err, store.ErrFenced)
	want(t, s, key("a"), "old")
	add(t, s, owner, put(key("a"), "new"))
	add(t, s, other, put(key("b"), "1"))
	_, err = s.Append(t.Context(), store.Token{Partition: "never", Epoch: 1}, []store.Record{put(key("a"), "x")})
	wantErr(t, err, store.ErrFenced)
	want(t, s, key("a"), "new")

	// What was handed over before the claim is made, what comes after it is not.
	var before, after error
	var answers sync.WaitGroup
	answers.Add(2)
	s.AppendAsync(owner, []store.Record{put(key("c"), "1")}, func(_ store.Pos, err error) { before = err; answers.Done() })
	claim(t, s, "p")
	s.AppendAsync(owner, []store.Record{put(key("c"), "2")}, func(_ store.Pos, err error) { after = err; answers.Done() })
	answers.Wait()
	if before != nil || !errors.Is(after, store.ErrFenced) {
		t.Errorf("append before the claim: %v, after it: %v; want nil, ErrFenced", before, after)
	}
}

func testStrict(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	token.Strict = true
	add(t, s, token, put(key(uint64(1)), ""))
	_, err := s.Append(t.Context(), token, nil)
	wantErr(t, err, store.ErrInvalid)
	_, err = s.Append(t.Context(), token, []store.Record{put(key(uint64(3)), "")})
	wantErr(t, err, store.ErrInvalid) // the class of the one that failed
	wantNone(t, s, key(uint64(3)))
	lax := token
	lax.Strict = false
	add(t, s, lax, put(key("lax"), ""))
	token = claim(t, s, "p")
	token.Strict = true
	add(t, s, token, put(key(uint64(2)), ""))
}

func testOrder(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	const n = 3000
	var got []int
	var positions []store.Pos
	var answers sync.WaitGroup
	answers.Add(n)
	for i := range n {
		record := put(key("last"), fmt.Sprint(i))
		s.AppendAsync(token, []store.Record{record}, func(p store.Pos, err error) {
			if err != nil {
				t.Errorf("append %d: %v", i, err)
			}
			got = append(got, i) // one goroutine calls done: the race detector would tell
			positions = append(positions, p)
			answers.Done()
		})
	}
	answers.Wait()
	want(t, s, key("last"), fmt.Sprint(n-1))
	if !slices.IsSorted(got) || !slices.IsSortedFunc(positions, store.Pos.Compare) {
		t.Error("done was called out of order")
	}
	if len(slices.Compact(positions)) != n {
		t.Error("two appends have one position")
	}
}

// testVisibleAtDone holds S4 from its other side: at done, the record is there.
func testVisibleAtDone(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	var answers sync.WaitGroup
	for i := range uint64(200) {
		answers.Add(1)
		s.AppendAsync(token, []store.Record{put(key(i), "x")}, func(_ store.Pos, err error) {
			defer answers.Done()
			if got, geterr := s.Get(key(i)); err != nil || geterr != nil || string(got) != "x" {
				t.Errorf("at done of %d: %q, %v, %v", i, got, geterr, err)
			}
		})
	}
	answers.Wait()
}

// testOwned holds S3 at the store: what it gives is the caller's, what it was given is the caller's again after done.
func testOwned(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	k, v := key("a"), []byte("value")
	add(t, s, token, store.Record{Op: store.Put, Key: k, Value: v})
	clear(k)
	clear(v)
	want(t, s, key("a"), "value")
	got, err := s.Get(key("a"))
	if err != nil {
		t.Fatal(err)
	}
	clear(got)
	for i := range uint64(600) {
		record := put(key("b", i), "v")
		s.AppendAsync(token, []store.Record{record}, func(store.Pos, error) {})
	}
	add(t, s, token, put(key("c"), "last"))
	for _, reverse := range []bool{false, true} {
		n := 0
		for e, err := range s.Scan(nil, nil, store.ScanOptions{Reverse: reverse}) {
			if err != nil {
				t.Fatal(err)
			}
			clear(e.Key) // must not lead the scan astray
			clear(e.Value)
			n++
		}
		if n != 602 {
			t.Errorf("reverse %v: %d entries; want 602", reverse, n)
		}
	}
	want(t, s, key("a"), "value")
}

func testView(t *testing.T, open func() store.Store) {
	s := use(t, open)
	token := claim(t, s, "p")
	add(t, s, token, put(key("a"), "1"), put(key("b"), "1"))
	v := s.View()
	add(t, s, token, put(key("a"), "2"), put(key("c"), "2"), store.Record{Op: store.Delete, Key: key("b")})
	want(t, v, key("a"), "1")
	want(t, v, key("b"), "1")
	wantNone(t, v, key("c"))
	if n := len(all(t, v, nil, nil, store.ScanOptions{})); n != 2 {
		t.Errorf("view has %d entries; want 2", n)
	}
	want(t, s, key("a"), "2")
	for range v.Scan(nil, nil, store.ScanOptions{}) {
		if err := v.Close(); err != nil {
			t.Errorf("close view: %v", err)
		}
	}
	_, err := v.Get(key("a"))
	wantErr(t, err, store.ErrClosed)
	if err := v.Close(); err != nil {
		t.Errorf("close view twice: %v", err)
	}
}

func testOwnSpace(t *testing.T, open func() store.Store) {
	s := use(t, open)
	claim(t, s, "p")
	if n := len(all(t, s, nil, nil, store.ScanOptions{})); n != 0 {
		t.Errorf("scan shows %d of the store's own records", n)
	}
	wantNone(t, s, store.Key(store.SpaceStore, "partition", "p"))
	wantNone(t, s, nil)
}
