package loop

import (
	"slices"
	"time"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/delivery"
)

// sheet is a run of first offers, made once for all plugins that take the same run: each of their turns points at it, and
// a message costs a plugin four bytes of the loop's memory and none of its work.
type sheet struct {
	run        []delivery.Fresh
	position   uint64 // of its first message, which names it: an index may be used again, a position is not
	byKey      bool
	at         time.Time        // first offer
	deliveries []actor.Delivery //pelton:lends no turn is out with it when its messages are released
	turns      int              // that are out with it; nobody changes it meanwhile
}

// sheetAge is how long after it was made a sheet may serve for another plugin: that is what the time of a first offer may
// be early by.
const sheetAge = time.Millisecond

// sheets are kept, so that steady work allocates nothing.
type sheets struct {
	all    []*sheet
	oldest int // where the search for one to write anew begins
	starts []delivery.Start
}

// sheet gives the run, or the beginning of it that another plugin was offered, as deliveries; nil when the account is
// wrong, which ends the loop.
func (l *Loop) sheet(plugin int, run []delivery.Fresh) *sheet {
	byKey, position := l.ledger.ByKey(plugin), l.ledger.Position(run[0])
	for _, s := range l.sheets.all {
		if s.byKey == byKey && s.position == position && s.begins(run) && l.now.Sub(s.at) < sheetAge {
			return s
		}
	}
	s := l.sheets.free()
	s.run, s.position, s.byKey, s.at = append(s.run[:0], run...), position, byKey, l.now
	l.sheets.starts = l.ledger.Starts(run, byKey, l.sheets.starts[:0])
	s.deliveries = slices.Grow(s.deliveries[:0], len(run))[:len(run)]
	at := l.now.UnixNano()
	for i, start := range l.sheets.starts {
		loan, err := l.owners[start.Ref.Index>>24].Loan(start.Ref)
		if err != nil {
			s.run = s.run[:0]
			l.fail(err)
			return nil
		}
		d := &s.deliveries[i]
		d.View.Lend(loan, 1, 0, at)
		d.Token, d.After = uint64(i), start.After
	}
	return s
}

// begins reports whether the run begins with the sheet's.
func (s *sheet) begins(run []delivery.Fresh) bool {
	n := len(s.run)
	return n > 0 && n <= len(run) && slices.Equal(s.run, run[:n])
}

// free is a sheet that no turn is out with.
func (s *sheets) free() *sheet {
	for range s.all {
		s.oldest = (s.oldest + 1) % len(s.all)
		if s.all[s.oldest].turns == 0 {
			return s.all[s.oldest]
		}
	}
	fresh := new(sheet)
	s.all = append(s.all, fresh)
	return fresh
}

// offerRun offers a run of first offers.
func (l *Loop) offerRun(t *turn, run []delivery.Fresh) bool {
	s := l.sheet(t.plugin, run)
	if s == nil {
		return false
	}
	t.Lost, t.Brief, t.at, t.Deliveries = false, true, s.at, s.deliveries
	if !l.send(t) {
		return false
	}
	l.ledger.Offered(t.plugin, t.instance, len(s.run))
	s.turns++
	t.sheet = s
	return true
}
