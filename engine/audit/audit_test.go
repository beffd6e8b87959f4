package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/audit"
)

func open(t *testing.T, dir string, most int64) *audit.Log {
	t.Helper()
	l, err := audit.Open(audit.Options{Dir: dir, MaxBytes: most, Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func ids(entries []api.Entry) (all []uint64) {
	for _, e := range entries {
		all = append(all, e.ID)
	}
	return all
}

// Entries outlive the process, and a line that a crash cut short takes no other along.
func TestLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := open(t, dir, 1<<20)
	for i := range 3 {
		l.Record(api.Entry{Who: "a", Act: "Swap", On: fmt.Sprint(i), Why: "line\nbreak"})
	}
	if got := fmt.Sprint(ids(l.Entries(0, 2)), ids(l.Entries(2, 9))); got != "[3 2] [1]" {
		t.Errorf("pages %s", got)
	}
	path := filepath.Join(dir, audit.File)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":4,"who":"b`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, 1<<20)
	again.Record(api.Entry{Who: "c", Act: "Rollback"})
	third := open(t, dir, 1<<20)
	if got := third.Entries(0, 9); fmt.Sprint(ids(got)) != "[4 3 2 1]" || got[0].Who != "c" || got[3].Why != "line\nbreak" {
		t.Errorf("after a crash: %+v", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// The files stay within twice the limit, and the newest entries are in them.
func TestRotate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const most = 1 << 10
	l := open(t, dir, most)
	for range 100 {
		l.Record(api.Entry{Who: "a", Act: "Swap", On: strings.Repeat("x", 100)})
	}
	size := int64(0)
	for _, name := range []string{audit.File, audit.Old} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 2*most || size < most {
		t.Errorf("%d bytes", size)
	}
	kept := open(t, dir, most).Entries(0, 1000)
	if len(kept) < 5 || kept[0].ID != 100 {
		t.Errorf("%d entries, the newest %d", len(kept), kept[0].ID)
	}
	for i := 1; i < len(kept); i++ {
		if kept[i].ID != kept[i-1].ID-1 {
			t.Errorf("a hole between %d and %d", kept[i].ID, kept[i-1].ID)
		}
	}
}

// An entry that can't be written is told, and can still be read.
func TestFailed(t *testing.T) {
	t.Parallel()
	var failed, told int
	l, err := audit.Open(audit.Options{Dir: t.TempDir(), MaxBytes: 1 << 20, Failed: func(error) { failed++ }, Told: func(api.Entry) { told++ }})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Record(api.Entry{Who: "a"})
	if failed != 1 || told != 1 || len(l.Entries(0, 9)) != 1 {
		t.Errorf("%d failed, %d told, %v", failed, told, l.Entries(0, 9))
	}
	if _, err := audit.Open(audit.Options{Dir: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("opened where there is no directory")
	}
}
