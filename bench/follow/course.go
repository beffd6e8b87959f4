package follow

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// course is one measurement.
type course struct {
	followers int
	span      time.Duration
	every     time.Duration // between messages; 0: full speed
}

// result of a course.
type result struct {
	messages   uint64
	deliveries float64
	wall, cpu  time.Duration // cpu is the server's
	latencies  []time.Duration
}

// warmth is how long messages are made before those that count.
const warmth = 200 * time.Millisecond

// run measures a contestant.
func run(who contestant, c course) (r result, err error) {
	p, err := start(who.name)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	crowd, err := gather(p.address, who.dialect, c.followers, 64<<10)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, crowd.close()) }()
	first, err := publish(p, crowd, min(warmth, c.span), 10*time.Millisecond)
	if err != nil {
		return r, err
	}
	crowd.latencies() // nobody counts these
	before, err := p.ask(order{Usage: true})
	if err != nil {
		return r, err
	}
	begin := time.Now()
	last, err := publish(p, crowd, c.span, c.every)
	if err != nil {
		return r, err
	}
	r.wall = time.Since(begin)
	after, err := p.ask(order{Usage: true})
	if err != nil {
		return r, err
	}
	r.cpu, r.messages, r.latencies = after.CPU-before.CPU, last-first, crowd.latencies()
	r.deliveries = float64(r.messages) * float64(c.followers)
	if len(r.latencies) != int(r.deliveries) {
		return r, fmt.Errorf("%d deliveries, want %d messages to %d", len(r.latencies), r.messages, c.followers)
	}
	return r, nil
}

// publish lets the server make messages, and waits until all followers have the last one. The server is told how far the
// slowest is, which it needs at full speed.
func publish(p *process, c *crowd, span, every time.Duration) (uint64, error) {
	if err := p.order(order{Publish: span, Every: every}); err != nil {
		return 0, err
	}
	type answer struct {
		told
		err error
	}
	made := make(chan answer, 1)
	go func() {
		t, err := p.answer()
		made <- answer{t, err}
	}()
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	limit := time.After(span + patience)
	last := uint64(math.MaxUint64)
	for reported := uint64(0); ; {
		select {
		case a := <-made:
			if a.err != nil {
				return 0, a.err
			}
			last = a.Last
		case err := <-c.failed:
			return 0, err
		case <-limit:
			return 0, fmt.Errorf("a follower has %d messages %s after they should all be there", c.taken(), patience)
		case <-tick.C:
		}
		switch taken := c.taken(); {
		case taken >= last:
			return last, nil
		case taken != reported && every == 0:
			if err := p.order(order{Taken: taken}); err != nil {
				return 0, err
			}
			reported = taken
		}
	}
}
