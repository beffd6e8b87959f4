package sinktest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/sink"
	"github.com/peltonhq/pelton/sink/sinktest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is an exact sink in memory: lines and marks change together.
type disk struct {
	lines   []string
	marks   map[string]bool
	next    func(effects []pelton.Effect) error // what the next write does, once
	crashed bool
}

type memory struct{ disk *disk }

var (
	errBusy  = errors.New("busy")
	errEmpty = errors.New("too odd")
)

const odd = "odd"

// Write takes everything up to the first odd payload.
func (m memory) Write(_ context.Context, effects []pelton.Effect) error {
	d := m.disk
	if d.crashed {
		return errBusy
	}
	if next := d.next; next != nil {
		d.next = nil
		return next(effects)
	}
	for i := range effects {
		if string(effects[i].Payload) == odd {
			d.take(effects[:i])
			return &sink.Rejected{Index: i, Err: errEmpty}
		}
	}
	d.take(effects)
	return nil
}

// Close does nothing.
func (memory) Close() error { return nil }

func (d *disk) take(effects []pelton.Effect) {
	for i := range effects {
		d.lines = append(d.lines, string(effects[i].Payload))
		d.marks[string(effects[i].Mark)] = true
	}
}

func (d *disk) crash(after func(effects []pelton.Effect)) func() {
	return func() {
		d.next = func(effects []pelton.Effect) error {
			after(effects)
			d.crashed = true
			return errBusy
		}
	}
}

func TestRun(t *testing.T) {
	for name, exact := range map[string]bool{"exact": true, "at least once": false} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, func(*testing.T) sinktest.Kit {
				d := &disk{marks: map[string]bool{}}
				k := sinktest.Kit{
					Open: func() (sink.Sink, error) {
						d.crashed, d.next = false, nil
						return memory{d}, nil
					},
					Lines: func() []string { return slices.Clone(d.lines) },
					Faults: map[string]func(){
						"busy": func() { d.next = func([]pelton.Effect) error { return errBusy } },
					},
					Crashes: map[string]func(){
						"before": d.crash(func([]pelton.Effect) {}),
						"after":  d.crash(d.take),
					},
					Rejects: []byte(odd),
				}
				if exact {
					k.Durable = func(e *pelton.Effect) bool { return d.marks[string(e.Mark)] }
				}
				return k
			})
		})
	}
}
