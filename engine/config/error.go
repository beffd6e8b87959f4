package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/engine/config/problem"
)

// Place is where something stands in a file.
type Place = problem.Place

// Problem is one thing that is wrong, and where.
type Problem = problem.Problem

// Warning is something that is allowed and probably not meant.
type Warning = problem.Warning

// Errors is all that is wrong with a config, in the order of the file.
type Errors = problem.Errors //nolint:errname // as an error it reads as what it is

// problems collects what is wrong while a config is read or checked.
type problems struct {
	config *Config
	all    Errors
}

// addf notes a problem of the key at path.
func (p *problems) addf(path, format string, args ...any) {
	p.all = append(p.all, Problem{Place: p.config.At(path), Path: path, Text: fmt.Sprintf(format, args...)})
}

// Addf and Failed are for the parts of the config that have a package of their own.
func (p *problems) Addf(path, format string, args ...any) { p.addf(path, format, args...) }

// Failed is failed.
func (p *problems) Failed(path string) bool { return p.failed(path) }

// failed reports whether the key at path, or one below it, has a problem already: a second one about it would only
// confuse.
func (p *problems) failed(path string) bool {
	for _, q := range p.all {
		if q.Path == path || strings.HasPrefix(q.Path, path+".") {
			return true
		}
	}
	return false
}

// err is the Errors, or nil if there are none.
func (p *problems) err() error {
	if len(p.all) == 0 {
		return nil
	}
	slices.SortStableFunc(p.all, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Place.File, b.Place.File), a.Place.Line-b.Place.Line, a.Place.Column-b.Place.Column)
	})
	return p.all
}
