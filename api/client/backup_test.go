package client_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/peltonhq/pelton/api"
)

func TestBackup(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	_, err := c.Backup(t.Context(), nil)
	is(t, err, api.FailedPrecondition, "another backup")
	want := bytes.Repeat([]byte("0123456789"), 100_000)
	w.Mu.Lock()
	w.Copy = want
	w.Mu.Unlock()
	announced := int64(0)
	r, err := c.Backup(t.Context(), func(size int64) { announced = size })
	ok(t, err)
	got, err := io.ReadAll(r)
	ok(t, err)
	ok(t, r.Close())
	if !bytes.Equal(got, want) || announced != int64(len(want)) {
		t.Errorf("%d bytes came, announced were %d, want %d", len(got), announced, len(want))
	}
	r, err = c.Backup(t.Context(), nil)
	ok(t, err)
	ok(t, r.Close()) // early
	w.Service.Close()
	_, err = c.Backup(t.Context(), nil)
	is(t, err, api.Unavailable, "shutting down")
}
