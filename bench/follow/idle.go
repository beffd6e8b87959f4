package follow

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// spare are open files that are no follower's.
const spare = 256

// room is how many followers the system lets a process have, of those that are wanted: each is an open file, here and in the
// server.
func room(want int) (int, error) {
	need := uint64(want + spare)
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if l.Max < need { // only a privileged process may, and not in every container
		if more := (syscall.Rlimit{Cur: need, Max: need}); syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) == nil {
			return want, nil
		}
	}
	l.Cur = l.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("raising the limit of open files to %d: %w", l.Max, err)
	}
	fit := min(want, int(min(l.Max, 1<<30))-spare)
	if fit < want/2 {
		return 0, fmt.Errorf("%d followers need %d open files in a process, and the limit here is %d; raise it with ulimit -n, or the container's", want, need, l.Max)
	}
	return fit, nil
}

// resting is what followers hold that are given nothing.
func resting(o *measure.Options, want int) error {
	followers, err := room(want)
	if err != nil {
		return err
	}
	all := make([][2]measure.Series, len(quiet))
	for i, who := range quiet {
		o.Tell("follow: %d at rest, %s", followers, who.name)
		held, err := rest(who, followers)
		if err != nil {
			return fmt.Errorf("%s: %w", who.name, err)
		}
		all[i] = held
	}
	words := "One round. Memory of the server's process for each, after collecting garbage: resident, and heap with stacks; not what the kernel holds for a connection."
	if followers < want {
		words += fmt.Sprintf(" %d were wanted; the system allows a process no more open files.", want)
	}
	o.Part(fmt.Sprintf("%d followers at rest", followers), words)
	t := measure.NewTable("", "KB resident", "KB heap and stacks")
	for i, who := range quiet {
		t.Row(who.name, all[i][0].String(), all[i][1].String())
	}
	t.Write(o.Out)
	o.AtMost(fmt.Sprintf("Followers, %s: memory of each of %d at rest", ourSSE, followers), all[0][0].Median(), 30, " KB")
	return nil
}

// rest gives the memory per follower.
func rest(who contestant, followers int) (held [2]measure.Series, err error) {
	p, err := start(who.name)
	if err != nil {
		return held, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	before, err := p.ask(order{Usage: true, Settle: true})
	if err != nil {
		return held, err
	}
	crowd, err := gather(p.address, who.dialect, followers, 512)
	if err != nil {
		return held, err
	}
	defer func() { err = errors.Join(err, crowd.close()) }()
	after, err := p.ask(order{Usage: true, Settle: true})
	if err != nil {
		return held, err
	}
	each := func(a, b int64) measure.Series { return measure.Series{float64(b-a) / 1e3 / float64(followers)} }
	held = [2]measure.Series{each(before.Memory, after.Memory), each(before.Runtime, after.Runtime)}
	if who.name == leastOfAll {
		return held, nil
	}
	_, err = publish(p, crowd, time.Nanosecond, time.Millisecond) // each still gets what comes
	return held, err
}
