package apitest

import (
	"bytes"
	"context"
	"io"

	"github.com/peltonhq/pelton/api"
)

// Store is what backups are made of.
type Store struct {
	Copy   []byte // nil: another backup is being made
	Copied int    // copies that were closed
}

// Backup implements [api.Wheel]: it gives Copy, and is busy while there is none.
func (w *Wheel) Backup(context.Context) (api.Backup, error) {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	if w.Copy == nil {
		return nil, api.Errorf(api.FailedPrecondition, "backup: busy: another backup is being made")
	}
	return copied{w, w.Copy}, nil
}

// copied is a backup in memory.
type copied struct {
	wheel *Wheel
	bytes []byte
}

func (c copied) Size() int64 { return int64(len(c.bytes)) }

func (c copied) Write(w io.Writer) error {
	_, err := io.Copy(w, bytes.NewReader(c.bytes))
	return err
}

func (c copied) Close() error {
	c.wheel.Mu.Lock()
	defer c.wheel.Mu.Unlock()
	c.wheel.Copied++
	return nil
}
