package session

import (
	"github.com/peltonhq/pelton/session/internal/known"
	"github.com/peltonhq/pelton/store"
)

// knownBytes is how much of the keys of a name that the store had is known, and as much of those that came since: some
// 9 million each. So a new key costs no look-up in the store; with more of them, every one does.
const knownBytes = 16 << 20

// learn reads which keys are in the store. Those of later are the shards' to add. Until it is done, all may be there.
func (s *Sessions) learn(r store.View) {
	defer r.Close()
	k := known.New(knownBytes)
	for _, prefix := range [][]byte{s.book.Keys.Heads, s.book.Keys.Tombstones, s.book.Keys.Streams} {
		for e, err := range r.Scan(prefix, store.PrefixEnd(prefix), store.ScanOptions{}) {
			if err != nil || s.ctx.Err() != nil || k.Full() {
				return
			}
			key, _, err := store.CutString(e.Key[len(prefix):])
			if err != nil {
				return
			}
			k.Add(key)
		}
	}
	s.known.Store(k)
}

// fresh reports whether the store has nothing of a key.
func (sh *shard) fresh(key string) bool {
	before := sh.s.known.Load()
	return before != nil && !before.May(key) && !sh.known.May(key)
}
