package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/internal/faults/record"
	"github.com/peltonhq/pelton/sdk/process"
)

const (
	moment = 150 * time.Millisecond // waits in memory
	parked = 6 * time.Second        // waits in the store
)

func main() {
	var (
		log   *record.Log
		fails func(record.Message) bool
	)
	process.Main(process.Plugin{
		Init: func(text []byte) (err error) {
			var config struct {
				Log  string `json:"log"`
				Cure string `json:"cure"` // fail at poison until there is this file; empty: none is poison
			}
			if err := json.Unmarshal(text, &config); err != nil {
				return err
			}
			fails = func(m record.Message) bool {
				if config.Cure == "" || !m.Poison() {
					return false
				}
				_, err := os.Stat(config.Cure)
				return err != nil
			}
			log, err = record.Begin(config.Log)
			return err
		},
		Handle: func(m *process.Message, out *process.Out) pelton.Verdict { return handle(log, fails, m, out) },
	})
}

func handle(log *record.Log, fails func(record.Message) bool, m *process.Message, out *process.Out) pelton.Verdict {
	message, err := record.Parse(m.Payload())
	if err != nil {
		return pelton.Dead(err.Error())
	}
	now := time.Now()
	d := record.Delivery{Message: message, Ticks: record.Ticks(), At: now.UnixNano(), Defers: m.Defers(), Attempt: m.Attempt()}
	v := decide(message, m, now)
	if fails(message) {
		v = pelton.Retry(0)
	}
	if v.Decision == pelton.DecisionDefer {
		d.Until = v.Until.UnixNano()
	}
	if err := log.Write(d); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if v.Decision == pelton.DecisionAck {
		out.Emit("", m.Key(), m.Payload())
	}
	return v
}

// decide does once what the message says, and acks it then.
func decide(message record.Message, m *process.Message, now time.Time) pelton.Verdict {
	switch do := message.Do(); {
	case do == record.Defer && m.Defers() == 0:
		return pelton.Defer(now.Add(moment))
	case do == record.Park && m.Defers() == 0:
		return pelton.Defer(now.Add(parked))
	case do == record.Retry && m.Attempt() == 1:
		return pelton.Retry(0)
	}
	return pelton.Ack()
}
