package revision

import (
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/peltonhq/pelton/api"
)

// Diff says what differs between two revisions of a plugin. 0 for from is the one before to, 0 for to the live one.
func (b *Book) Diff(plugin string, from, to int) (api.Diff, error) {
	if to == 0 {
		to = b.Plugin(plugin).Live
	}
	two, err := b.Record(plugin, to)
	if err != nil {
		return api.Diff{}, err
	}
	var one Record
	if from == 0 {
		one, err = b.before(plugin, to)
	} else {
		one, err = b.Record(plugin, from)
	}
	if err != nil {
		return api.Diff{}, err
	}
	return api.Diff{Plugin: plugin, From: one.Revision, To: two.Revision, Changes: changes(&one.Revision, &two.Revision), Config: unified(&one, &two)}, nil
}

// before is the revision before another one, whatever became of it.
func (b *Book) before(plugin string, n int) (Record, error) {
	all, err := b.Records(plugin)
	if err != nil {
		return Record{}, err
	}
	var before Record
	for _, r := range all {
		if r.Number < n {
			before = r
		}
	}
	if before.Number == 0 {
		return before, api.Errorf(api.FailedPrecondition, "plugin %s: there is no revision before %d to compare it with", plugin, n)
	}
	return before, nil
}

func changes(one, two *api.Revision) []api.Change {
	all := []api.Change{}
	add := func(what, from, to string) {
		if from != to {
			all = append(all, api.Change{What: what, From: from, To: to})
		}
	}
	add("digest", one.Digest, two.Digest)
	add("size", strconv.FormatInt(one.Size, 10), strconv.FormatInt(two.Size, 10))
	add("outputs", strings.Join(one.Outputs, ", "), strings.Join(two.Outputs, ", "))
	add("built", strings.Join(one.Built, ", "), strings.Join(two.Built, ", "))
	add("strategy", one.Strategy, two.Strategy)
	add("outcome", one.Outcome, two.Outcome)
	return all
}

func unified(one, two *Record) string {
	name := func(r *Record) string { return "revision " + strconv.Itoa(r.Number) }
	return udiff.Unified(name(one), name(two), one.Settings.text(), two.Settings.text())
}
