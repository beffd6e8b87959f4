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
	bar  *mpb.Bar // nil before the total is known
	done bool     // there is no bar any more
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, all: mpb.New(mpb.WithOutput(out), mpb.WithWidth(48))}
}

// set moves the bar. A total of 0 is unknown: there is no bar.
func (p *progress) set(done, total uint64) {
	switch {
	case p.done || total == 0:
		return
	case done >= total:
		p.close()
		return
	case p.bar == nil:
		p.bar = p.all.AddBar(0,
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Percentage(decor.WC{W: 5})),
			mpb.AppendDecorators(decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)),
		)
	}
	p.bar.SetTotal(int64(total), false)
	p.bar.SetCurrent(int64(done))
}

// above prints a line above the bar.
func (p *progress) above(line string) {
	if p.bar == nil || p.done {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintln(p.all, line)
}

// close takes the bar away. It waits for the last drawing, which would wipe what is printed after it.
func (p *progress) close() {
	if p.done {
		return
	}
	p.done = true
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.all.Wait()
}

// bytesBar is a bar for size bytes, on a terminal.
func (a *app) bytesBar(what string, size int64) (progress func(int64), done func()) {
	if !terminal(a.err) {
		return nil, func() {}
	}
	all := mpb.New(mpb.WithOutput(io.Writer(a.err)), mpb.WithWidth(48))
	bar := all.AddBar(size, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(what+" ")),
		mpb.AppendDecorators(decor.Name(" "), decor.CountersKibiByte("% .1f / % .1f")))
	return bar.SetCurrent, func() {
		bar.Abort(true)
		all.Wait()
	}
}

// metered tells progress how many bytes were read; progress may be nil.
type metered struct {
	io.Reader
	read     int64
	progress func(int64)
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.read += int64(n)
	if m.progress != nil {
		m.progress(m.read)
	}
	return n, err
}
