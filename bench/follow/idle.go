package follow

import (
	"errors"
	"fmt"
	"strconv"
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
	fit, err := room(want)
	if err != nil {
		return err
	}
	t := measure.NewTable("", "followers", "on a connection", "KB resident", "KB heap and stacks")
	for _, who := range quiet {
		followers, each := fit, max(1, who.dialect.streams)
		if each > 1 { // so that a process has open files enough
			followers = want
		}
		o.Tell("follow: %d at rest, %s", followers, who.name)
		held, err := rest(who, followers)
		if err != nil {
			return fmt.Errorf("%s: %w", who.name, err)
		}
		t.Row(who.name, strconv.Itoa(followers), strconv.Itoa(each), held[0].String(), held[1].String())
		if who.name == ourSSE || who.name == ourShared {
			o.AtMost(fmt.Sprintf("Followers, %s: memory of each of %d at rest", who.name, followers), held[0].Median(), 30, " KB")
		}
	}
	words := "One round. Memory of the server's process for each, after collecting garbage: resident, and heap with stacks; not what the kernel holds for a connection."
	if fit < want {
		words += fmt.Sprintf(" With a connection each %d were wanted, too; the system allows a process no more open files.", want)
	}
	o.Part("Followers at rest", words)
	t.Write(o.Out)
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
	if who.name == leastOfAll || who.name == leastTLS {
		return held, nil
	}
	_, err = publish(p, crowd, time.Nanosecond, time.Millisecond) // each still gets what comes
	return held, err
}
