// Package fold lets a session fold through a plugin: session never imports actor.
package fold

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/session"
)

// Reducer is a plugin as [session.Reducer].
type Reducer struct{ Plugin *actor.Plugin }

// Fold implements [session.Reducer].
func (r Reducer) Fold(ctx context.Context, folds []session.Fold) error {
	calls := make([]actor.Call, len(folds))
	for i := range folds {
		calls[i] = actor.Call{Key: folds[i].Key, State: folds[i].State, Emit: folds[i].Emit}
	}
	if err := r.Plugin.Reduce(ctx, calls); err != nil {
		return err
	}
	for i := range calls {
		folds[i].Next, folds[i].ContentType, folds[i].Revision, folds[i].Err = calls[i].Next, calls[i].ContentType, calls[i].Revision, calls[i].Err
		if folds[i].Err == nil && calls[i].Next == nil {
			folds[i].Err = errors.New("the reducer gave no state")
		}
	}
	return nil
}
