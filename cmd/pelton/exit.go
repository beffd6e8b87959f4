package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/sdk/build"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitEnvironment = 3
)

// coded is an error with its exit code. A text that is empty was said already.
type coded struct {
	code int
	text string
}

func (e *coded) Error() string { return e.text }

// usagef is wrong usage.
func usagef(format string, args ...any) error {
	return &coded{exitUsage, fmt.Sprintf(format, args...)}
}

// failuref is a failure at run time.
func failuref(format string, args ...any) error {
	return &coded{exitFailure, fmt.Sprintf(format, args...)}
}

// report prints an error, one line for each problem, and returns the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	var many config.Errors
	switch {
	case errors.As(err, &many):
		for _, p := range many {
			a.notef("pelton: %v", p)
		}
	case err.Error() != "":
		a.notef("pelton: %s", strings.TrimRight(err.Error(), "\n"))
	}
	return code(err)
}

// code is the exit code of an error.
func code(err error) int {
	var own *coded
	var many config.Errors
	var remote *api.Error
	switch {
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &many), errors.Is(err, config.ErrNotFound), errors.Is(err, engine.ErrUsage), errors.Is(err, build.ErrModule):
		return exitUsage
	case errors.Is(err, engine.ErrEnvironment), errors.Is(err, build.ErrNoToolchain), errors.Is(err, fs.ErrPermission):
		return exitEnvironment
	case errors.As(err, &remote):
		return remoteCode(remote.Code)
	}
	return exitFailure
}

// remoteCode is the exit code of what a wheel answered, or of one that does not answer.
func remoteCode(c api.Code) int {
	switch c {
	case api.InvalidArgument:
		return exitUsage
	case api.Unavailable, api.PermissionDenied, api.Unauthenticated:
		return exitEnvironment
	default:
		return exitFailure
	}
}

// signals is a context that ends with the first SIGINT or SIGTERM. The second ends the process: all that is durable
// stays, the rest is redelivered.
func (a *app) signals() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	caught := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range 2 {
			select {
			case s := <-caught:
				if ctx.Err() != nil {
					a.notef("pelton: second signal (%s): exiting without a drain", s)
					os.Exit(exitFailure)
				}
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		close(done)
		cancel()
	}
}
