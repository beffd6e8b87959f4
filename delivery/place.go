package delivery

import (
	"slices"

	"github.com/peltonhq/pelton"
)

// lot is what the ledger holds of one position's parked records.
type lot struct {
	hands int               // records that are out of the lot, or on their way into it
	known []pelton.EffectID // effects and deliveries of the position that are durable
	// leaving are the records whose removal is on its way to the store: the last one to leave takes the marks along.
	leaving []pelton.EffectID
}

// leave notes that a record of the position is about to be removed. alone says that no other will be left then, but for
// those of which others are leaving already.
func (p *lot) leave(id pelton.EffectID) (alone bool, others []pelton.EffectID) {
	if p == nil {
		return true, nil
	}
	others = slices.Clone(p.leaving)
	p.leaving = append(p.leaving, id)
	return p.hands <= len(p.leaving), others
}

func (p *lot) left(id pelton.EffectID) {
	if p != nil {
		p.leaving = slices.DeleteFunc(p.leaving, func(other pelton.EffectID) bool { return other == id })
	}
}

func (l *Ledger) enterLot(position uint64, known []pelton.EffectID) {
	place := l.lots[position]
	if place == nil {
		place = &lot{}
		l.lots[position] = place
	}
	place.hands++
	place.known = append(place.known, known...)
}

func (l *Ledger) leaveLot(position uint64) {
	if place := l.lots[position]; place != nil {
		if place.hands--; place.hands <= 0 {
			delete(l.lots, position)
		}
	}
}
