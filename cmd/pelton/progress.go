package main

import (
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is one bar at the bottom of a terminal. Lines are printed above it.
type progress struct {
	out  io.Writer
	all  *mpb.Progress
	bar  *mpb.Bar // nil before the total is known, and after the end
	done bool
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, all: mpb.New(mpb.WithOutput(out), mpb.WithWidth(48))}
}

// set moves the bar. A total of 0 is unknown: there is no bar.
func (p *progress) set(done, total uint64) {
	if p.done || total == 0 {
		return
	}
	if p.bar == nil {
		p.bar = p.all.AddBar(0,
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Percentage(decor.WC{W: 5})),
			mpb.AppendDecorators(decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)),
		)
	}
	p.bar.SetTotal(int64(total), false)
	p.bar.SetCurrent(int64(done))
	if done >= total {
		p.bar.SetTotal(int64(total), true)
		p.bar, p.done = nil, true
	}
}

// print prints a line above the bar.
func (p *progress) print(line string) {
	if p.bar == nil {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintln(p.all, line)
}

// close takes the bar away.
func (p *progress) close() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bar = nil
	}
	p.done = true
	p.all.Wait()
}
