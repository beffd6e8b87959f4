package record

import (
	"cmp"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Delivery is a message that was offered to the plugin, and until when the plugin deferred it. Times are those of the
// machine's clock, in nanoseconds.
type Delivery struct {
	Message Message
	Ticks   int64 // the order of all
	At      int64
	Until   int64 // 0: it did something else
	Defers  uint32
	Attempt uint32
}

// None is the message of an entry that says what the clock showed, and no more.
const None = Message(math.MaxUint64)

const entry = 40

// Log is the log of one process.
type Log struct {
	f *os.File
	b [entry]byte
}

// Begin makes a log in a directory.
func Begin(dir string) (*Log, error) {
	f, err := os.CreateTemp(dir, "*.log")
	if err != nil {
		return nil, err
	}
	return &Log{f: f}, nil
}

// Write is one write call, so it is there whenever the process ends.
func (l *Log) Write(d Delivery) error {
	binary.LittleEndian.PutUint64(l.b[0:], uint64(d.Message))
	binary.LittleEndian.PutUint64(l.b[8:], uint64(d.Ticks))
	binary.LittleEndian.PutUint64(l.b[16:], uint64(d.At))
	binary.LittleEndian.PutUint64(l.b[24:], uint64(d.Until))
	binary.LittleEndian.PutUint32(l.b[32:], d.Defers)
	binary.LittleEndian.PutUint32(l.b[36:], d.Attempt)
	_, err := l.f.Write(l.b[:])
	return err
}

// Close closes the log. A process that is killed need not.
func (l *Log) Close() error { return l.f.Close() }

// Deliveries reads all logs of a directory, in the order of their ticks.
func Deliveries(dir string) ([]Delivery, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, err
	}
	var all []Delivery
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for ; len(text) >= entry; text = text[entry:] {
			all = append(all, Delivery{
				Message: Message(binary.LittleEndian.Uint64(text)),
				Ticks:   int64(binary.LittleEndian.Uint64(text[8:])),
				At:      int64(binary.LittleEndian.Uint64(text[16:])),
				Until:   int64(binary.LittleEndian.Uint64(text[24:])),
				Defers:  binary.LittleEndian.Uint32(text[32:]),
				Attempt: binary.LittleEndian.Uint32(text[36:]),
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Delivery) int { return cmp.Compare(a.Ticks, b.Ticks) })
	return all, nil
}

// deliveries counts those that came back early, those that came back in time, and those that the plugin had seen. Where
// the clock jumps back, what is on its way comes although its time lies ahead again: early is only what came before the
// clock had ever shown its time.
func deliveries(all []Delivery) (early, deferred, again int) {
	type offer struct {
		message         Message
		defers, attempt uint32
	}
	seen := make(map[offer]bool, len(all))
	since := map[Message]int{} // where it was deferred
	for i, d := range all {
		if d.Message == None {
			continue
		}
		if o := (offer{d.Message, d.Defers, d.Attempt}); seen[o] {
			again++
		} else {
			seen[o] = true
		}
		if d.Defers > 0 {
			if from, ok := since[d.Message]; ok && !shown(all[from:i+1]) {
				early++
			} else {
				deferred++
			}
		}
		if d.Until > 0 {
			since[d.Message] = i
		}
	}
	return early, deferred, again
}

// shown reports whether the clock showed the time until which the first of them was deferred.
func shown(all []Delivery) bool {
	until := all[0].Until
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].At >= until {
			return true
		}
	}
	return false
}
