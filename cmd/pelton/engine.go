package main

import (
	"context"
	"errors"

	"github.com/peltonhq/pelton/engine/config"
)

// The engine's contract, until its package is there.
type (
	event interface{ Text() string }

	engineOptions struct {
		UntilIdle bool
		Events    func(event)
		Version   string
		Progress  func(done, total uint64)
	}
)

var (
	errUsage       = errors.New("usage")
	errEnvironment = errors.New("environment")
	errNoEngine    = errors.New("the engine is not part of this build")
)

func engineRun(context.Context, config.Config, engineOptions) error { return errNoEngine }

func engineCheck(context.Context, config.Config, engineOptions) ([]config.Warning, error) {
	return nil, errNoEngine
}
