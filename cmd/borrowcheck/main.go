package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/peltonhq/pelton/sdk/borrowcheck"
)

func main() {
	if called(os.Args[1:]) {
		unitchecker.Main(borrowcheck.Analyzer)
		return
	}
	os.Exit(vet(os.Args[1:]))
}

// called reports whether go vet is the caller: it asks for the version and the flags, and then gives one .cfg file a
// package.
func called(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		return a == "-flags" || strings.HasPrefix(a, "-V=") || strings.HasSuffix(a, ".cfg")
	})
}

// vet has go vet call this program for the packages and with the flags in args; it gives the exit code.
func vet(args []string) int {
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	cmd := exec.CommandContext(context.Background(), "go", append([]string{"vet", "-vettool=" + self}, args...)...) //nolint:gosec // the user's own arguments, to go vet
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "borrowcheck: can't run go vet, which needs the go command on PATH: %v\n", err)
	return 3
}
