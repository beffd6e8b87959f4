package bar

import (
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Progress is one bar at the bottom of a terminal. Lines are printed above it.
type Progress struct {
	out  io.Writer
	all  *mpb.Progress
	bar  *mpb.Bar // nil before the total is known
	done bool     // there is no bar any more
}

// New makes a bar on a terminal.
func New(out io.Writer) *Progress {
	return &Progress{out: out, all: mpb.New(mpb.WithOutput(out), mpb.WithWidth(48))}
}

// None is a bar that is not there.
func None() *Progress { return &Progress{done: true} }

// Set moves the bar. A total of 0 is unknown: there is no bar.
func (p *Progress) Set(done, total uint64) {
	switch {
	case p.done || total == 0:
		return
	case done >= total:
		p.Close()
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

// Above prints a line above the bar.
func (p *Progress) Above(line string) {
	if p.bar == nil || p.done {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintln(p.all, line)
}

// Close takes the bar away. It waits for the last drawing, which would wipe what is printed after it.
func (p *Progress) Close() {
	if p.done {
		return
	}
	p.done = true
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.all.Wait()
}

// Bytes is a bar for size bytes.
func Bytes(out io.Writer, what string, size int64) (progress func(int64), done func()) {
	all := mpb.New(mpb.WithOutput(out), mpb.WithWidth(48))
	bar := all.AddBar(size, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(what+" ")),
		mpb.AppendDecorators(decor.Name(" "), decor.CountersKibiByte("% .1f / % .1f")))
	return bar.SetCurrent, func() {
		bar.Abort(true)
		all.Wait()
	}
}

// Metered tells Progress how many bytes were read; it may be nil.
type Metered struct {
	io.Reader
	N        int64 // bytes that were read
	Progress func(int64)
}

// Read implements [io.Reader].
func (m *Metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.N += int64(n)
	if m.Progress != nil {
		m.Progress(m.N)
	}
	return n, err
}
