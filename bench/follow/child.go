package follow

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/peltonhq/pelton/bench/measure"
)

// Environment of a server process.
const (
	childName    = "PELTON_BENCH_FOLLOW"         // the contestant
	childProfile = "PELTON_BENCH_FOLLOW_PROFILE" // a directory for profiles of the processor's time, one for each contestant
)

// server is a contestant under way.
type server interface {
	// publish gives a message to all followers. The server may keep it.
	publish(message []byte) error
	close() error
}

// order is what a server process is told, and told is what it answers.
type (
	order struct {
		Publish time.Duration `json:"publish,omitempty"` // make messages for this time
		Every   time.Duration `json:"every,omitempty"`   // one at a time; 0: as fast as window allows
		Taken   uint64        `json:"taken,omitempty"`   // the slowest follower has this one; no answer
		Usage   bool          `json:"usage,omitempty"`
		Settle  bool          `json:"settle,omitempty"` // give back memory before
	}
	told struct {
		Address string        `json:"address,omitempty"`
		Last    uint64        `json:"last,omitempty"` // number of the newest message
		CPU     time.Duration `json:"cpu,omitempty"`
		Memory  int64         `json:"memory,omitempty"`  // resident bytes
		Runtime int64         `json:"runtime,omitempty"` // heap and stacks
		Error   string        `json:"error,omitempty"`
	}
)

// window is how far the publisher is ahead of the slowest follower at full speed.
const window = 128

// Child runs a server and reports true when this process was started as one.
func Child() bool {
	name := os.Getenv(childName)
	if name == "" {
		return false
	}
	answers := json.NewEncoder(os.Stdout)
	if err := serve(name, answers); err != nil {
		_ = answers.Encode(told{Error: err.Error()})
		os.Exit(1)
	}
	return true
}

func serve(name string, answers *json.Encoder) (err error) {
	who, ok := find(name)
	if !ok {
		return fmt.Errorf("there is no contestant %q", name)
	}
	s, address, err := who.open(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if dir := os.Getenv(childProfile); dir != "" {
		f, err := os.Create(filepath.Join(dir, strings.ReplaceAll(who.name, "/", "-")+".pprof"))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if err := answers.Encode(told{Address: address}); err != nil {
		return err
	}
	p := &publisher{server: s, more: make(chan struct{}, 1)}
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		var o order
		if err := json.Unmarshal(orders.Bytes(), &o); err != nil {
			return err
		}
		switch {
		case o.Taken > 0:
			p.taken.Store(o.Taken)
			select {
			case p.more <- struct{}{}:
			default:
			}
		case o.Usage:
			err = answers.Encode(usage(o.Settle))
		default:
			go func() { // orders go on coming meanwhile
				last, err := p.run(o.Publish, o.Every)
				t := told{Last: last}
				if err != nil {
					t.Error = err.Error()
				}
				_ = answers.Encode(t) // a parent that is gone closes the orders, too
			}()
		}
		if err != nil {
			return err
		}
	}
	return orders.Err()
}

func usage(settle bool) told {
	if settle {
		debug.FreeOSMemory()
	}
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // only a wrong first argument is refused
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return told{CPU: measure.Spent(&r), Memory: measure.Resident(os.Getpid()), Runtime: int64(m.HeapInuse + m.StackInuse)}
}

// publisher makes numbered messages.
type publisher struct {
	server server
	last   uint64
	taken  atomic.Uint64
	more   chan struct{}
}

// run makes messages for a time, each at its moment, or as the slowest follower allows.
func (p *publisher) run(span, every time.Duration) (last uint64, err error) {
	begin := time.Now()
	for at := time.Duration(0); at < span; {
		if every > 0 {
			time.Sleep(at - time.Since(begin))
			at += every
		} else {
			for p.last >= p.taken.Load()+window {
				<-p.more
			}
			at = time.Since(begin)
		}
		p.last++
		if err := p.server.publish(message(p.last)); err != nil {
			return p.last, err
		}
	}
	return p.last, nil
}
