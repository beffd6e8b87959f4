package revision_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/revision"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/memory"
)

// shelf is a book on a store that can be opened again.
type shelf struct {
	*revision.Book

	t    *testing.T
	disk *memory.Disk
	open *memory.Store
}

func newShelf(t *testing.T, keep int) *shelf {
	t.Helper()
	s := &shelf{t: t, disk: memory.NewDisk()}
	s.reopen(keep)
	t.Cleanup(func() { _ = s.open.Close() })
	return s
}

func (s *shelf) reopen(keep int) {
	s.t.Helper()
	if s.open != nil {
		_ = s.open.Close()
	}
	var err error
	if s.open, err = s.disk.Open(); err == nil {
		s.Book, err = revision.Open(s.t.Context(), s.open, keep)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func settings(late int) revision.Settings {
	return revision.SettingsOf(config.JSON(fmt.Sprintf(`{"late_after": %d, "a": 1.50}`, late)), revision.Limits{Memory: config.MiB})
}

// live makes a new revision live, and gives its number.
func (s *shelf) live(plugin, code string, late int) int {
	s.t.Helper()
	r, err := s.Next(plugin, "sha256:"+code, settings(late))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Outcome, r.Size = api.OutcomeLive, int64(len(code))
	err = s.Commit(s.t.Context(), revision.Change{
		Plugin: plugin, Expect: s.Plugin(plugin).Live, Put: []revision.Record{r}, Artifact: []byte(code),
		Set: func(p *revision.Plugin) { p.Live = r.Number },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Number
}

// story is the history as "number outcome" of each revision, and the artifacts that are there.
func (s *shelf) story(plugin string) string {
	s.t.Helper()
	all, err := s.History(plugin)
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, r := range all {
		word := r.Outcome
		if r.Live != (r.Outcome == api.OutcomeLive) {
			word += "?"
		}
		if r.Deleted {
			word += " deleted"
		}
		lines = append(lines, fmt.Sprint(r.Number, " ", word))
	}
	words := []string{strings.Join(lines, ", ") + ";"}
	for e, err := range s.open.Scan([]byte{store.SpaceArtifact}, []byte{store.SpaceArtifact + 1}, store.ScanOptions{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		words = append(words, string(e.Value))
	}
	return strings.Join(words, " ")
}

func (s *shelf) is(plugin, want string) {
	s.t.Helper()
	if got := s.story(plugin); got != want {
		s.t.Errorf("got  %s\nwant %s", got, want)
	}
}

func refused(t *testing.T, err error, code api.Code, words string) {
	t.Helper()
	if !errors.Is(err, &api.Error{Code: code}) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

// The desired state is compared and set: of two changes that expect the same live revision one is refused, and leaves
// nothing behind. It is all there after a restart.
func TestCompareAndSet(t *testing.T) {
	s := newShelf(t, 10)
	s.live("a", "one", 1)
	s.live("a", "two", 1)
	version := s.Desired().Version
	late, err := s.Next("a", "sha256:three", settings(1))
	if err != nil || late.Number != 3 {
		t.Fatal(late, err)
	}
	err = s.Commit(t.Context(), revision.Change{Plugin: "a", Expect: 1, Put: []revision.Record{late}, Artifact: []byte("three"), Set: func(p *revision.Plugin) { p.Live = 3 }})
	refused(t, err, api.FailedPrecondition, "plugin a: revision 2 is live, not 1 as expected")
	if s.Desired().Version != version {
		t.Errorf("version %d, then %d", version, s.Desired().Version)
	}
	s.is("a", "1 superseded, 2 live; one two")
	s.reopen(10)
	s.is("a", "1 superseded, 2 live; one two")
	if s.Desired().Version != version || s.Plugin("a").Live != 2 || s.Kept("a") != 2 || s.Digest("a", 2) != "sha256:two" || s.Digest("a", 9) != "" {
		t.Errorf("%+v", s.Desired())
	}
}

// Beyond what is kept the oldest go, but for what runs or may be gone back to, and with them artifacts that none names any
// more, of whatever plugin.
func TestTrim(t *testing.T) {
	s := newShelf(t, 3)
	s.live("b", "one", 1)
	for i, code := range []string{"one", "two", "three", "two", "five"} {
		s.live("a", code, i)
	}
	s.is("a", "3 superseded, 4 superseded, 5 live; five one three two")
	if _, err := s.Forget(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	s.is("a", "3 superseded, 4 superseded, 5 live; five three two")
	for range 5 { // the live one is the oldest soon
		r, err := s.Next("a", "sha256:bad", settings(1))
		if err != nil {
			t.Fatal(err)
		}
		r.Outcome, r.Size = api.OutcomeRolledBack, 3
		if err := s.Commit(t.Context(), revision.Change{Plugin: "a", Put: []revision.Record{r}, Artifact: []byte("bad"), Guard: 4}); err != nil {
			t.Fatal(err)
		}
	}
	s.is("a", "4 superseded, 5 live, 10 rolled back; bad five two")
	s.reopen(3)
	s.live("a", "six", 1)
	s.is("a", "5 superseded, 10 rolled back, 11 live; bad five six")
}

// A rollback goes to the newest revision before that ran and is another one: other code, or another config.
func TestPrevious(t *testing.T) {
	s := newShelf(t, 10)
	s.live("a", "one", 1)
	_, err := s.Previous("a")
	refused(t, err, api.FailedPrecondition, "no earlier revision")
	s.live("a", "one", 2)
	if r, err := s.Previous("a"); err != nil || r.Number != 1 {
		t.Errorf("another config: %+v, %v", r, err)
	}
	s.live("a", "one", 1)
	if r, err := s.Previous("a"); err != nil || r.Number != 2 || string(r.Settings.Config) != `{"a":1.50,"late_after":2}` {
		t.Errorf("rollback of a rollback: %+v, %v", r, err)
	}
}

func TestDrop(t *testing.T) {
	s := newShelf(t, 10)
	for i, code := range []string{"one", "two", "one", "four"} {
		s.live("a", code, i)
	}
	_, err := s.Drop(t.Context(), "a", 4)
	refused(t, err, api.FailedPrecondition, "revision 4 is live")
	_, err = s.Drop(t.Context(), "a", 3, 3)
	refused(t, err, api.FailedPrecondition, "would go back to")
	_, err = s.Drop(t.Context(), "a", 7)
	refused(t, err, api.NotFound, "no revision 7")
	if r, err := s.Drop(t.Context(), "a", 1); err != nil || r != (api.Removed{Revisions: 1}) {
		t.Errorf("%+v, %v", r, err)
	}
	s.is("a", "1 superseded deleted, 2 superseded, 3 superseded, 4 live; four one two")
	_, err = s.Drop(t.Context(), "a", 1)
	refused(t, err, api.FailedPrecondition, "deleted already")
	_, err = s.DropArtifact(t.Context(), "sha256:one", map[string]int{"a": 3})
	refused(t, err, api.FailedPrecondition, "plugin a needs it for revision 3")
	if r, err := s.DropArtifact(t.Context(), "sha256:one", nil); err != nil || r != (api.Removed{Revisions: 1, Artifacts: 1}) {
		t.Errorf("%+v, %v", r, err)
	}
	if err := s.Push(t.Context(), "sha256:pushed", []byte("pushed")); err != nil {
		t.Fatal(err)
	}
	s.is("a", "1 superseded deleted, 2 superseded, 3 superseded deleted, 4 live; four pushed two")
	if r, err := s.DropArtifact(t.Context(), "sha256:pushed", nil); err != nil || r != (api.Removed{Artifacts: 1}) {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = s.DropArtifact(t.Context(), "sha256:pushed", nil)
	refused(t, err, api.NotFound, "is not in the store")
	if r, err := s.Forget(t.Context(), "a"); err != nil || r != (api.Removed{Revisions: 4, Artifacts: 2}) {
		t.Errorf("%+v, %v", r, err)
	}
	s.is("a", ";")
	if len(s.Names()) != 0 || len(s.Desired().Plugins) != 0 {
		t.Errorf("left: %v, %+v", s.Names(), s.Desired())
	}
}

// What the config asks for goes live when it is something else than it was when the config was looked at last.
func TestWanted(t *testing.T) {
	s := newShelf(t, 20)
	asked := func(code string, late int) revision.Asked {
		return revision.Asked{Plugin: "a", Digest: "sha256:" + code, Artifact: []byte(code), Settings: settings(late)}
	}
	begin := func(a revision.Asked, number int, digest, why string) {
		t.Helper()
		r, got, err := s.Wanted(a)
		if err != nil || r.Number != number || r.Digest != "sha256:"+digest || got != why {
			t.Errorf("revision %d %s: %q, %v\nwant %d %s: %q", r.Number, r.Digest, got, err, number, digest, why)
		}
		if r.Number != s.Plugin("a").Live {
			if err := s.Commit(t.Context(), a.Live(r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin(asked("one", 1), 1, "one", "first start")
	begin(asked("one", 1), 1, "one", "as the config says")
	begin(asked("one", 2), 2, "one", "the config has changed since revision 1")
	s.live("a", "swapped", 2)
	begin(asked("one", 2), 3, "swapped", "it was swapped in by an operator; the config's code is unchanged")
	begin(asked("one", 3), 4, "swapped", "the config has changed since revision 2; its code has not, and that of revision 3 stays")
	begin(asked("one", 3), 4, "swapped", "as the config says, with code that was swapped in before")
	begin(asked("two", 3), 5, "two", "the config's code has changed since revision 4")
	pin := func(m *api.Mark) {
		if err := s.Commit(t.Context(), revision.Change{Plugin: "a", Set: func(p *revision.Plugin) { p.Pinned = m }}); err != nil {
			t.Fatal(err)
		}
	}
	pin(&api.Mark{Who: "me", Why: "audit"})
	begin(asked("three", 4), 5, "two", "it is pinned by me: audit")
	pin(nil)
	begin(asked("three", 4), 6, "three", "the config's code has changed since revision 5")
	s.live("a", "four", 4) // swapped in before the config has it
	for code, runs := range map[string]bool{"four": true, "three": false, "": false} {
		if s.Runs("a", "sha256:"+code) != runs || s.Runs("b", "sha256:"+code) {
			t.Errorf("runs %s: %t", code, !runs)
		}
		if err := s.Adopt(t.Context(), "a", "sha256:"+code); err != nil {
			t.Fatal(err)
		}
	}
	begin(asked("four", 4), 7, "four", "it was swapped in by an operator; the config's code is unchanged")
}

func TestDiff(t *testing.T) {
	s := newShelf(t, 10)
	s.live("a", "one", 1)
	_, err := s.Diff("a", 0, 0)
	refused(t, err, api.FailedPrecondition, "no revision before 1")
	s.live("a", "three", 2)
	d, err := s.Diff("a", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []api.Change{{What: "digest", From: "sha256:one", To: "sha256:three"}, {What: "size", From: "3", To: "5"}, {What: "outcome", From: "superseded", To: "live"}}
	if fmt.Sprint(d.Changes) != fmt.Sprint(want) || d.From.Number != 1 || d.To.Number != 2 {
		t.Errorf("%+v", d)
	}
	for _, line := range []string{"--- revision 1\n", "+++ revision 2\n", "-    \"late_after\": 1\n", "+    \"late_after\": 2\n", "     \"memory\": \"1MiB\""} {
		if !strings.Contains(d.Config, strings.TrimPrefix(line, "     ")) {
			t.Errorf("no %q in\n%s", line, d.Config)
		}
	}
	if d, err := s.Diff("a", 1, 1); err != nil || d.Config != "" || len(d.Changes) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = s.Diff("a", 3, 1)
	refused(t, err, api.NotFound, "has no revision 3")
}

func TestBuilt(t *testing.T) {
	section := "\x09producers\x02\x08language\x01\x02Go\x04go1x\x0cprocessed-by\x02\x05clang\x021 \x04rust\x00"
	module := "\x00asm\x01\x00\x00\x00" + "\x01\x00" + "\x00\x03\x02hi" + "\x00" + string(rune(len(section))) + section
	if got := strings.Join(revision.Built([]byte(module)), "|"); got != "language Go go1x|processed-by clang 1 |processed-by rust " {
		t.Errorf("%q", got)
	}
	for end := range len(module) {
		if got := revision.Built([]byte(module[:end])); len(got) != 0 {
			t.Errorf("of %d bytes: %q", end, got)
		}
	}
}

// FuzzBuilt takes anything and never panics.
func FuzzBuilt(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x00\x0d\x09producers\x01\x00\x00"))
	f.Fuzz(func(_ *testing.T, b []byte) { revision.Built(b) })
}
