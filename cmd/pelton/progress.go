package main

import "github.com/peltonhq/pelton/cmd/pelton/bar"

// bytesBar is a bar for size bytes, on a terminal.
func (a *app) bytesBar(what string, size int64) (progress func(int64), done func()) {
	if !terminal(a.err) {
		return nil, func() {}
	}
	return bar.Bytes(a.err, what, size)
}
