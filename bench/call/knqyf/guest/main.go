//go:build wasip1

// Command guest is the benchmark's plugin for knqyf263/go-plugin.
package main

import (
	"context"

	"github.com/peltonhq/pelton/bench/call/knqyf"
)

func main() {}

func init() { knqyf.RegisterBench(plugin{}) }

type plugin struct{}

func (plugin) Handle(_ context.Context, r *knqyf.Request) (*knqyf.Reply, error) {
	bytes := r.Payload
	switch r.Op {
	case 0:
		bytes = nil
	case 1:
		bytes = bytes[:min(64, len(bytes))]
	}
	sum := uint32(0)
	for _, b := range bytes {
		sum += uint32(b)
	}
	return &knqyf.Reply{Odd: sum&1 == 1}, nil
}
