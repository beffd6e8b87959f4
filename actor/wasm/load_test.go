package wasm_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peltonhq/pelton/actor"
)

// spinner is set in the environment of a child that does nothing but keep a processor busy.
const spinner = "PELTON_TEST_SPINNER"

// spin is the child: it ends with its standard input.
func spin() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for n := 0; ; n++ {
	}
}

// compete gives the machine far more work than it has processors, in this process and in another, until the test ends.
func compete(t *testing.T) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), spinner+"=1")
	life, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	var group sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for !stop.Load() {
			}
		})
	}
	t.Cleanup(func() {
		stop.Store(true)
		group.Wait()
		life.Close()
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// A machine with more work than processors is no plugin's fault: limits.time is time of the processor. A loop is ended
// all the same.
func TestBusyMachine(t *testing.T) {
	m := load(t, guest(t, "testdata/suite"))
	short := actor.Env{Plugin: "p", Limits: actor.Limits{Time: int64(50 * time.Millisecond)}}
	const instances, turns = 8, 250 // of those in order
	var healthy [instances]actor.Instance
	for i := range healthy {
		healthy[i] = start(t, m, short)
	}
	hostile := start(t, m, short)
	compete(t)
	var group sync.WaitGroup
	group.Go(func() {
		err := hostile.Handle(context.Background(), batch(actor.DefaultOutput, "loop"))
		if err == nil || !strings.Contains(err.Error(), "timeout: the turn took longer than limits.time of 50ms") {
			t.Errorf("a loop: %v", err)
		}
	})
	for _, n := range healthy {
		group.Go(func() {
			turn := batch(actor.DefaultOutput, slices.Repeat([]string{"ack"}, 64)...)
			for range turns {
				turn.Begin(actor.DefaultOutput)
				if err := n.Handle(context.Background(), turn); err != nil {
					t.Errorf("a plugin in order: %v", err)
					return // the instance is broken
				}
			}
		})
	}
	group.Wait()
}

// limits.time is of one delivery: a turn of many slow ones is in order, however long it is.
func TestSlowPlugin(t *testing.T) {
	m, err := engine(t).Load(t.Context(), guest(t, "testdata/suite"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := actor.Open(t.Context(), actor.Options{}, actor.Version{Revision: 1, Module: m})
	if err != nil {
		t.Fatal(err)
	}
	const messages, size = 1000, 500 // a turn takes longer than an actor waits for a sign of life
	done := make(chan struct{})
	for range messages / size {
		turn := batch(actor.DefaultOutput, slices.Repeat([]string{"spin 10ms"}, size)...)
		turn.Reply = func(*actor.Turn) { done <- struct{}{} }
		if !p.Offer(0, turn) {
			t.Fatal("the mailbox is full")
		}
		<-done
	}
	if s := p.Stats(); s.Faults.Total() != 0 || s.Restarts != 0 || s.Verdicts[1] != messages {
		t.Errorf("%+v, want %d acks, no fault and no new instance", s, messages)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
