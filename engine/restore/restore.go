package restore

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/peltonhq/pelton/engine/class"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/internal/backup"
	"github.com/peltonhq/pelton/store"
	"github.com/peltonhq/pelton/store/local"
)

// Done is what [Store] did.
type Done struct {
	Store   string    `json:"store"`   // directory
	Created time.Time `json:"created"` // when the backup was made
	Program string    `json:"program"` // version of the wheel that made it
	Format  uint64    `json:"format"`  // of the store
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
	Kept    string    `json:"kept,omitempty"` // where the store of before is
}

// Store makes the backup that r gives the store of a config, offline. A store that is there is refused, unless replace
// moves it aside; one that a wheel has open is refused always. A backup that is torn changes nothing.
func Store(ctx context.Context, c config.Config, r io.Reader, replace bool) (Done, error) {
	done, err := local.Restore(ctx, c.Store.Dir, r, replace)
	switch {
	case err == nil:
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrInvalid), errors.Is(err, backup.ErrFormat):
		return Done{}, class.Usage(err)
	case errors.Is(err, store.ErrHeld), errors.Is(err, store.ErrVersion):
		return Done{}, class.Environment(err)
	default:
		return Done{}, err
	}
	h := done.Header
	return Done{
		Store: c.Store.Dir, Created: h.Created, Program: h.Program, Format: h.Format, Files: len(h.Files), Bytes: h.Bytes(), Kept: done.Kept,
	}, nil
}
