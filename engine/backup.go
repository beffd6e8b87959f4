package engine

import (
	"context"

	"github.com/peltonhq/pelton/api"
)

// Backup implements [api.Wheel].
func (w wheelInfo) Backup(context.Context) (api.Backup, error) {
	b, err := w.store.Backup(w.o.Version)
	if err != nil {
		return nil, err
	}
	return b, nil
}
