package main

import (
	"fmt"
	"os"
	"strings"
)

// The short table of RESULTS.md is in the README too, between these lines.
const (
	opening = "<!-- cd bench && go run . -readme -->\n"
	closing = "<!-- end -->\n"
)

// short cuts the short table out of the results.
func short(results string) (string, error) {
	_, rest, found := strings.Cut(results, "\n## In short\n\n")
	table, _, more := strings.Cut(rest, "\n\n")
	if !found || !more {
		return "", fmt.Errorf("RESULTS.md has no table under \"In short\": make it by a run of all workloads")
	}
	return table + "\n", nil
}

// replace puts the table into the README.
func replace(readme, table string) (string, error) {
	before, rest, opened := strings.Cut(readme, opening)
	_, after, closed := strings.Cut(rest, closing)
	if !opened || !closed {
		return "", fmt.Errorf("README.md has no place for the table between %q and %q", opening, closing)
	}
	return before + opening + "\n" + table + "\n" + closing + after, nil
}

// updated is the README with the table of the results.
func updated(readmeFile, resultsFile string) (was, is string, err error) {
	readme, err := os.ReadFile(readmeFile)
	if err != nil {
		return "", "", err
	}
	results, err := os.ReadFile(resultsFile)
	if err != nil {
		return "", "", err
	}
	table, err := short(string(results))
	if err != nil {
		return "", "", err
	}
	is, err = replace(string(readme), table)
	return string(readme), is, err
}

// copyShort writes the short table into the README.
func copyShort() error {
	_, is, err := updated("../README.md", "RESULTS.md")
	if err != nil {
		return err
	}
	return os.WriteFile("../README.md", []byte(is), 0o644)
}
