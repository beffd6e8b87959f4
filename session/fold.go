package session

import "slices"

// Limits of one step of a shard, so that it looks up often and computes only so far ahead.
const (
	foldBatch = 512     // emits
	foldBytes = 1 << 20 // states and emits of one call of the reducer
)

// fold makes changes of items, in order per key. What it could not do for now is in rest, in order, with the error.
func (sh *shard) fold(items []*item) (changes []*change, rest []*item, err error) {
	changes = make([]*change, 0, len(items))
	if sh.s.o.Reduce == nil {
		for i, it := range items {
			if it.ask != nil && it.ask.write != nil {
				ch, err := sh.write(it)
				if err != nil {
					return changes, items[i:], err
				}
				if ch != nil {
					changes = append(changes, ch)
				}
				continue
			}
			ses, err := sh.admit(it, len(it.effect.Payload))
			if err != nil {
				return changes, items[i:], err
			}
			if ses != nil {
				changes = append(changes, sh.change(it, ses, it.effect.Payload, it.effect.ContentType, 0))
			}
		}
		return changes, nil, nil
	}
	for rest = items; len(rest) > 0; {
		var made []*change
		if made, rest, err = sh.round(rest); err != nil {
			return changes, rest, err
		}
		changes = append(changes, made...)
	}
	return changes, nil, nil
}

// admit is the session of an item; nil and no error for an item that was refused.
func (sh *shard) admit(it *item, payload int) (*session, error) {
	err := sh.check(it)
	if err == nil && payload > MaxPayload {
		err = tooLarge(it.effect.Payload)
	}
	if err != nil {
		sh.refuse(it, err)
		return nil, nil
	}
	ses, err := sh.session(it.key)
	if err == nil && it.ask != nil {
		if refused := fits(ses, it, sh.s.o.Now()); refused != nil {
			sh.refuse(it, refused)
			return nil, nil
		}
	}
	return ses, err
}

// round makes one call of the reducer with the first emit of each key (a later one needs the state that it makes),
// up to a size. rest is what it left, in order.
func (sh *shard) round(items []*item) (changes []*change, rest []*item, err error) {
	var (
		folds    []Fold
		chosen   []*item
		sessions []*session
		size     int
		seen     = make(map[string]bool, len(items))
	)
	for i, it := range items {
		if size > foldBytes {
			rest = append(rest, items[i:]...)
			break
		}
		if seen[it.key] {
			rest = append(rest, it)
			continue
		}
		ses, err := sh.admit(it, 0)
		if err != nil {
			return nil, merge(items, append(chosen, append(rest, items[i:]...)...)), err
		}
		if ses == nil {
			continue
		}
		seen[it.key] = true
		chosen, sessions = append(chosen, it), append(sessions, ses)
		folds = append(folds, Fold{Key: it.effect.Key, State: ses.last.payload, Emit: it.effect.Payload, ContentType: it.effect.ContentType})
		size += len(ses.last.payload) + len(it.effect.Payload)
	}
	if len(folds) == 0 {
		return nil, rest, nil
	}
	if err := sh.s.o.Reduce.Fold(sh.s.ctx, folds); err != nil {
		return nil, merge(items, append(chosen, rest...)), err
	}
	for i := range folds {
		if ch := sh.folded(chosen[i], sessions[i], &folds[i]); ch != nil {
			changes = append(changes, ch)
		}
	}
	return changes, rest, nil
}

// folded makes the change of one answer of the reducer, nil if it refused.
func (sh *shard) folded(it *item, ses *session, f *Fold) *change {
	err := f.Err
	if err == nil && len(f.Next) > MaxPayload {
		err = tooLarge(f.Next)
	}
	if err != nil {
		sh.refuse(it, err)
		return nil
	}
	return sh.change(it, ses, f.Next, f.ContentType, f.Revision)
}

// merge is the items that are also in keep, in the order of items.
func merge(items, keep []*item) []*item {
	set := make(map[*item]bool, len(keep))
	for _, it := range keep {
		set[it] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return !set[it] })
}
