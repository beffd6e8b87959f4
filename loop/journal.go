package loop

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/store"
)

// journalBytes is how much may be on its way to the store before the lane admits no more (A2).
const journalBytes = 4 << 20

// journal hands appends to the store in order and keeps that order when the store is full for a while: the token is
// strict, so that what is durable is always a prefix of what was handed over, and what failed is handed over again,
// all of it, when there is room. The loop goroutine alone uses it.
type journal struct {
	store     store.Store
	prompt    store.Prompt // the store, if it is one; else nil
	told      func(store.Pos, error)
	partition string
	token     store.Token
	box       *inbox
	errands   *errands
	queue     []entry
	sent      int   // entries at the front that are with the store
	failed    int   // entries that came back and wait to be sent again
	bytes     int64 // of all entries
	full      string
	stopped   bool
	fatal     func(error)
}

type entry struct {
	records []store.Record
	done    func() // on the loop, once durable
}

func newJournal(l *Loop, partition string) journal {
	j := journal{store: l.o.Store, partition: partition, box: &l.box, errands: &l.errands, fatal: l.fail}
	j.prompt, _ = l.o.Store.(store.Prompt)
	j.told = func(_ store.Pos, err error) { l.box.tell(note{kind: noteWritten, err: err}) }
	return j
}

// claim makes this the lane's owner: what earlier owners handed over is durable then, and nothing of theirs comes
// after it.
func (j *journal) claim(ctx context.Context) error {
	token, err := j.store.Claim(ctx, j.partition)
	token.Strict = true
	j.token = token
	return err
}

func (j *journal) append(records []store.Record, done func()) {
	j.queue = append(j.queue, entry{records, done})
	j.bytes += store.Size(records)
	if j.full == "" {
		j.send()
	}
}

// after calls f on the loop once everything that was handed over so far is durable.
func (j *journal) after(f func()) {
	if len(j.queue) == 0 {
		f()
		return
	}
	last := &j.queue[len(j.queue)-1]
	done := last.done
	last.done = func() {
		done()
		f()
	}
}

func (j *journal) send() {
	for j.sent < len(j.queue) && !j.stopped {
		records := j.queue[j.sent].records
		j.sent++
		if j.prompt != nil {
			if pos, now, err := j.prompt.AppendNow(j.token, records); now {
				j.told(pos, err) // it is heard in its turn, as if it came from outside
				continue
			}
		}
		j.store.AppendAsync(j.token, records, j.told)
	}
}

// answered takes the store's answers, which come in the order of sending.
func (j *journal) answered(err error) {
	if err == nil {
		e := j.queue[0]
		j.queue[0] = entry{}
		if len(j.queue) == 1 { // as it usually is: its place is used again
			j.queue = j.queue[:0]
		} else {
			j.queue = j.queue[1:]
		}
		j.sent--
		j.bytes -= store.Size(e.records)
		e.done()
		return
	}
	if !errors.Is(err, store.ErrFull) {
		if !j.stopped {
			j.stopped = true
			j.fatal(err)
		}
		return
	}
	if j.failed++; j.failed < j.sent {
		return
	}
	// Everything that was with the store came back.
	j.sent, j.failed = 0, 0
	reason, room := j.store.Full()
	if j.full = reason; j.full == "" {
		j.full = err.Error()
	}
	j.errands.run(func(ctx context.Context) { j.await(ctx, room) })
}

// await waits for room outside of the loop, then goes on with a new claim. A loop that ends meanwhile claims nothing:
// the lane may have another owner by then.
func (j *journal) await(ctx context.Context, room <-chan struct{}) {
	if room != nil {
		select {
		case <-room: // closed at the latest when the store closes
		case <-ctx.Done():
			return
		}
	}
	token, err := j.store.Claim(ctx, j.partition)
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

// room reports whether more may be admitted that could have to be written.
func (j *journal) room() bool { return j.full == "" && j.bytes < journalBytes }
