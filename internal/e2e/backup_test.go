package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
)

// TestBackup copies the store while flights flow, kills the wheel later, and restores: the wheel goes on from the copy.
// Snapshots have no hole and no duplicate (S1, S2), those before the copy are the same under new epochs, so that a follower
// who has seen more learns of it, and the file sink, which had written more than the copy knows, has each line once.
func TestBackup(t *testing.T) {
	t.Parallel()
	config := example(t)
	dir := filepath.Dir(config)
	rnd := random(t)
	w := start(t, config)
	r := reader{t: t, name: "airports"}
	r.read(w, 1+rnd.IntN(4000))
	before := len(r.seen)
	copied := filepath.Join(dir, "wheel.tar")
	var made struct {
		Path  string
		Bytes int64
		Files int
	}
	w.says(&made, "backup", copied)
	if info, err := os.Stat(copied); err != nil || info.Size() != made.Bytes || made.Path != copied || made.Files == 0 {
		t.Errorf("%+v: %v", made, err)
	}
	w.fails(2, []string{"wheel.tar is there already"}, "backup", copied)
	r.read(w, 2000) // more than the copy has
	at, size := watermark(t, w.until(func(api.Stats) bool { return true }))
	if at >= size {
		t.Error("everything was done before the kill")
	}
	if got := restoring(t, dir, copied); got.code != 3 || !strings.Contains(got.err, "held by pid") {
		t.Errorf("restore of a store that is open: %+v", got)
	}
	w.kill()
	written := len(read(t, filepath.Join(dir, "late.jsonl")))
	if got := restoring(t, dir, copied); got.code != 2 || !strings.Contains(got.err, "--replace") {
		t.Errorf("restore over a store: %+v", got)
	}
	torn := write(t, filepath.Join(dir, "torn.tar"), read(t, copied)[:made.Bytes/2])
	if got := restoring(t, dir, torn, "--replace"); got.code != 1 || !strings.Contains(got.err, "torn") {
		t.Errorf("restore of half a backup: %+v", got)
	}
	var done struct{ Store, Kept string }
	got := restoring(t, dir, copied, "--replace", "--json")
	if err := json.Unmarshal([]byte(got.out), &done); got.code != 0 || err != nil || done.Kept == "" {
		t.Fatalf("restore: %+v, %v", got, err)
	}

	w = start(t, config)
	fresh := reader{t: t, name: "airports"}
	fresh.read(w, before)
	for i := range fresh.seen {
		if now, then := fresh.seen[i], r.seen[i]; now.Key != then.Key || now.ID != then.ID || now.Epoch <= then.Epoch || !bytes.Equal(now.Payload, then.Payload) {
			t.Fatalf("snapshot %d of all was %+v before the backup, and is %+v now", i, then, now)
		}
	}
	seen := r.seen[0]
	if got := w.refusal("airports/"+seen.Key, fmt.Sprintf("%d:%d", seen.Epoch, seen.ID)); got.Code != "OUT_OF_RANGE" || !strings.Contains(got.Message, "another epoch") {
		t.Errorf("a cursor of before the restore: %+v", got)
	}
	w.await("settled")
	finished(t, w, &fresh, flights(t), always)
	figures(t, w)
	ord(t, w)
	if len(read(t, filepath.Join(dir, "late.jsonl"))) < written {
		t.Error("the sink has less than before the restore")
	}
	w.stop()
}

// restoring is `pelton restore` of the store beside a config.
func restoring(t *testing.T, dir, path string, flags ...string) result {
	t.Helper()
	return finish(t, command(limited(t), append([]string{"restore", path, "--store", filepath.Join(dir, "store")}, flags...)...))
}
