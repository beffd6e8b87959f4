// Command native is a wheel with its plugin linked in, for workload W2.
//
//	native pelton.yaml
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "native:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	c, err := config.Load(file, os.Environ())
	if err != nil {
		return err
	}
	registry := native.Registry{"filter": native.Module("filter", func() native.Plugin { return new(filter) })}
	return engine.Run(context.Background(), c, engine.Options{UntilIdle: true, Native: registry})
}

// filter passes on what is over 50, with one field more.
type filter struct{ out []byte }

func (*filter) Init([]byte) ([]pelton.Output, error) {
	return []pelton.Output{{Name: "default"}}, nil
}

func (f *filter) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	field, _ := m.Field("value")
	value, err := field.Float()
	if err != nil {
		return pelton.Dead("value is not a number")
	}
	if value > 50 {
		payload := m.Payload()
		f.out = append(append(f.out[:0], payload[:len(payload)-1]...), `,"level":"high"}`...)
		out.Emit("default", nil, f.out)
	}
	return pelton.Ack()
}
