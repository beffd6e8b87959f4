package loop

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/store"
)

// journal hands appends to the store in order and keeps that order when the store is full for a while: the token is
// strict, so that what is durable is always a prefix of what was handed over, and what failed is handed over again,
// all of it, when there is room. The loop goroutine alone uses it.
type journal struct {
	store     store.Store
	partition string
	token     store.Token
	box       *inbox
	queue     []entry
	sent      int // entries at the front that are with the store
	failed    int // entries that came back and wait to be sent again
	full      string
	stopped   bool
	fatal     func(error)
}

type entry struct {
	records []store.Record
	done    func() // on the loop, once durable
}

func openJournal(ctx context.Context, s store.Store, partition string, box *inbox, fatal func(error)) (*journal, error) {
	j := &journal{store: s, partition: partition, box: box, fatal: fatal}
	return j, j.claim(ctx)
}

func (j *journal) claim(ctx context.Context) error {
	token, err := j.store.Claim(ctx, j.partition)
	token.Strict = true
	j.token = token
	return err
}

func (j *journal) append(records []store.Record, done func()) {
	j.queue = append(j.queue, entry{records, done})
	if j.full == "" {
		j.send()
	}
}

func (j *journal) send() {
	for j.sent < len(j.queue) && !j.stopped {
		records := j.queue[j.sent].records
		j.sent++
		j.store.AppendAsync(j.token, records, func(_ store.Pos, err error) {
			j.box.tell(note{kind: noteRun, run: func() { j.answered(err) }})
		})
	}
}

// answered takes the store's answers, which come in the order of sending.
func (j *journal) answered(err error) {
	if err == nil {
		done := j.queue[0].done
		j.queue[0] = entry{}
		j.queue = j.queue[1:]
		j.sent--
		done()
		return
	}
	if !errors.Is(err, store.ErrFull) {
		if !j.stopped {
			j.stopped = true
			j.fatal(err)
		}
		return
	}
	j.failed++
	if j.failed < j.sent {
		return
	}
	// Everything that was with the store came back.
	j.sent, j.failed = 0, 0
	reason, room := j.store.Full()
	j.full = reason
	if j.full == "" {
		j.full = err.Error()
	}
	go j.await(room)
}

// await waits for room outside of the loop, then goes on with a new claim.
func (j *journal) await(room <-chan struct{}) {
	if room != nil {
		<-room // closed at the latest when the store closes
	}
	token, err := j.store.Claim(context.Background(), j.partition)
	j.box.tell(note{kind: noteRun, run: func() {
		if err != nil {
			j.stopped = true
			j.fatal(err)
			return
		}
		token.Strict = true
		j.token, j.full = token, ""
		j.send()
	}})
}

func (j *journal) idle() bool { return len(j.queue) == 0 }
