package lot

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
	"github.com/peltonhq/pelton/store"
)

// Replay is the change that sends a dead letter back to where it failed, and nowhere else: its plugin, or the target of
// its effect. It leaves the letter in place, marked as replaying. One that was settled by a replay, or that failed again in
// most replays, is sent back only by force: a fix that does not hold must not go round for ever. most 0 is no limit.
func Replay(r store.Reader, e *Entry, now time.Time, force bool, most int) ([]store.Record, error) {
	switch {
	case e.Kind == delivery.KindFrame:
		return nil, fmt.Errorf("dead letter %s is input that was no message: it has nowhere to go back to; mend the source and send it again", ID(e.ID))
	case e.State == StateReplaying:
		return nil, fmt.Errorf("dead letter %s is being replayed already", ID(e.ID))
	case e.State == StateSettled && !force:
		return nil, fmt.Errorf("dead letter %s was replayed and settled; add --force to replay it again", ID(e.ID))
	case !force && most > 0 && e.Replays >= most:
		return nil, fmt.Errorf("dead letter %s was replayed %d times and failed again each time (limits.replays): mend its plugin or target, then add --force", ID(e.ID), e.Replays)
	}
	back := e.Record
	back.Kind, back.Due, back.Hash = delivery.KindReplay, now, 0
	back.Replays++
	dead := *e
	dead.State, dead.Replays = StateReplaying, back.Replays
	// A replay that failed just before a crash may have left its record in the lot: this one takes its place.
	out, err := leave(r, nil, e.ID)
	if err != nil {
		return nil, err
	}
	return enter(put(out, deadKey(e.ID), encode(&dead)), &back), nil
}

// Drop is the change that removes a dead letter for good.
func Drop(r store.Reader, e *Entry) ([]store.Record, error) {
	if e.State == StateReplaying {
		return nil, fmt.Errorf("dead letter %s is being replayed: wait until it is settled", ID(e.ID))
	}
	out := del(del(del(nil, deadKey(e.ID)), deadID(ID(e.ID))), deadTime(e.Failed, ID(e.ID)))
	alone, err := last(r, []pelton.EffectID{e.ID})
	if err != nil {
		return nil, err
	}
	if alone {
		return forget(r, out, e.ID, true)
	}
	return out, nil
}
