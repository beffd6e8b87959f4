package engine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/change"
	"github.com/peltonhq/pelton/engine/feed"
	"github.com/peltonhq/pelton/engine/revision"
)

// draft is a config that may take the place of the running one: read, compared and tried, nothing of it in use.
type draft struct {
	wheel     *wheel
	old, next *world
	codes     change.Codes // of next
	plan      *change.Plan // what it changes
	described []*box       // of next, none of them open
	was       change.Codes // of old
	o         api.ApplyOptions
	local     bool // the file is the wheel's own: its paths are ours
}

// draft reads a config and finds out what it would change. Everything that can be found out about it is found out here,
// so that a bad one touches nothing.
func (w *wheel) draft(ctx context.Context, o api.ApplyOptions, local bool) (*draft, error) {
	d := &draft{wheel: w, old: w.now(), o: o, local: local}
	c, err := d.old.c.Again(o.Text, o.File)
	if err != nil {
		return nil, usage(err)
	}
	if w.o.Adapt != nil {
		c = w.o.Adapt(c)
	}
	if err := w.finite(&c); err != nil {
		return nil, err
	}
	d.next = newWorld(&c)
	d.described = w.describe(d.next)
	if slices.ContainsFunc(d.described, func(b *box) bool { return b.process != nil }) {
		if err := w.code.Processes(); err != nil {
			return nil, environment(err)
		}
	}
	d.next.boxes = slices.Clone(d.described)
	if err := w.compare(ctx, d); err != nil {
		return nil, err
	}
	if err := w.rehearse(ctx, d); err != nil {
		return nil, err
	}
	w.pins(d)
	for _, f := range d.old.feeds {
		if fate, err := w.fate(d, f); err != nil {
			return nil, err
		} else if fate == fateDrain || fate == fateReopen {
			d.plan.Drained = append(d.plan.Drained, f.Name)
		}
	}
	return d, nil
}

// compare makes the plan.
func (w *wheel) compare(ctx context.Context, d *draft) error {
	d.was, d.codes = w.codes(d.old), change.Codes{}
	for _, b := range d.next.boxes {
		digest, err := w.codeOf(ctx, d, b, d.was[b.name])
		if err != nil {
			return err
		}
		if digest != "" {
			d.codes[b.name] = digest
		}
		before := d.old.box(b.name)
		if before != nil && (w.book.Runs(b.name, digest) || digest == before.built && w.book.Plugin(b.name).Pinned != nil) {
			d.was[b.name] = digest // a swap brought it before, or the pin kept it out at the start: nothing that this config changes
		}
	}
	running := maps.Clone(d.was)
	for _, b := range w.describe(d.old) {
		if why := w.stands(b); why != "" {
			running[b.name] = why
		}
	}
	old, next := change.Side{Config: &d.old.c, Codes: running}, change.Side{Config: &d.next.c, Codes: d.codes}
	var err error
	d.plan, err = change.Make(old, next)
	return err
}

// codes are the digests of the config's code, as it was when it was looked at last: not those of code that was swapped in.
func (w *wheel) codes(s *world) change.Codes {
	codes := change.Codes{}
	for _, b := range s.boxes {
		if b.kind != "native" {
			codes[b.name] = w.book.Plugin(b.name).Code
		}
	}
	return codes
}

// stands is what a plugin of the old config is said to run if that is not what the config asked for last: a revision of the
// config went back after it had been answered live, or a pin kept it out. Applying the same config tries it again.
func (w *wheel) stands(b *box) string {
	desired := w.book.Plugin(b.name)
	switch {
	case desired.Live < desired.Config:
		return "rolled back"
	case desired.Pinned == nil && desired.Hash != b.settings.Hash():
		return "not applied"
	}
	return ""
}

// pins refuses changes of code and settings that are pinned.
func (w *wheel) pins(d *draft) {
	for _, b := range d.next.boxes {
		desired := w.book.Plugin(b.name)
		asked := revision.Asked{Plugin: b.name, Digest: d.codes[b.name], Settings: b.settings}
		if desired.Pinned != nil && b.kind != "native" && asked.Changed(&desired) {
			d.plan.Refuse(change.Node(b.name), pinned(b.name, &desired).Error())
		}
	}
}

// codeOf finds a plugin's code, which is in the store then. A config of somebody else names the paths of its sender: the
// code is what was pushed with it, or what runs if it says the same as before. It can't name programs to run.
func (w *wheel) codeOf(ctx context.Context, d *draft, b *box, was string) (digest string, err error) {
	before := d.old.box(b.name)
	switch {
	case b.kind == "native":
		_, err = w.o.Native.Lookup(b.native)
		return "", usageOf("plugin "+b.name, err)
	case b.kind == "process" && !d.local:
		if before == nil || !reflect.DeepEqual(before.process, b.process) {
			return "", api.Errorf(api.InvalidArgument, "%s: plugin %s is a program: a config that is sent can't name one; put it into the wheel's own file %s and send SIGHUP",
				change.Place(&d.next.c, b.name), b.name, orNone(d.next.c.File))
		}
		return was, nil
	case d.local:
		bytes, digest, err := w.code.Artifact(ctx, b.source())
		if err != nil {
			return "", unbuilt(err)
		}
		if b.kind == "wasm" {
			b.digest = digest
		}
		return digest, w.book.Push(ctx, digest, bytes)
	case d.o.Artifacts[b.name] != "":
		b.digest = d.o.Artifacts[b.name]
	case before != nil && before.kind == "wasm" && before.path == b.path:
		b.digest = was
	default:
		return "", api.Errorf(api.InvalidArgument, "%s: the code of plugin %s did not come with the config: push it, and name its digest", change.Place(&d.next.c, b.name), b.name)
	}
	stored, err := w.book.Has(b.digest)
	if err == nil && !stored {
		err = api.Errorf(api.InvalidArgument, "plugin %s: artifact %s is not in the store; push it first", b.name, short(b.digest))
	}
	return b.digest, err
}

func usageOf(what string, err error) error {
	if err == nil {
		return nil
	}
	return usage(fmt.Errorf("%s: %w", what, err))
}

func orNone(file string) string {
	if file == "" {
		return "(it has none)"
	}
	return file
}

// rehearse starts every plugin once whose code or settings are new, and looks at what else can be looked at. A plugin
// whose outputs become others can't be swapped: what one of the two versions emits would have no reader for a while.
func (w *wheel) rehearse(ctx context.Context, d *draft) error {
	outputs := map[string][]string{}
	for _, b := range d.next.boxes {
		before := d.old.box(b.name)
		if before != nil && !d.plan.Starts(change.Node(b.name)) {
			outputs[b.name] = names(before.plugin.Outputs())
			continue
		}
		declared, err := w.try(ctx, b.again())
		if err != nil {
			return err
		}
		outputs[b.name] = declared
		if before == nil || d.plan.Effect(change.Node(b.name)) != delta.EffectSwap {
			continue
		}
		if b.kind == "native" {
			d.plan.Escalate(change.Node(b.name), "it is part of this program")
		} else if !slices.Equal(declared, names(before.plugin.Outputs())) {
			d.plan.Escalate(change.Node(b.name), "its outputs change")
		}
	}
	warnings, err := d.next.c.CheckOutputs(outputs)
	if err != nil {
		return usage(err)
	}
	for _, warning := range append(d.next.c.Warnings(), warnings...) {
		d.plan.Warnings = append(d.plan.Warnings, warning.String())
	}
	for _, name := range d.plan.Opens("source") {
		if err := feed.Look(ctx, &w.feeds, name, d.next.c.Sources[name]); err != nil {
			return usage(fmt.Errorf("source %s: %w", name, err))
		}
	}
	if err := w.leftBehind(ctx, d); err != nil {
		return err
	}
	return checkSinks(&d.next.c, d.plan.Opens("sink"))
}

// leftBehind warns of what is parked for plugins that go.
func (w *wheel) leftBehind(ctx context.Context, d *draft) error {
	for _, b := range d.old.boxes {
		if d.next.box(b.name) != nil {
			continue
		}
		parked, _, err := w.letters.Parked(ctx, api.ParkedQuery{Plugin: b.name, Limit: 1})
		if err != nil {
			return err
		}
		if len(parked) > 0 {
			d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("deliveries are parked for plugin %s: they stay until it is there again, or until `pelton parked drop --plugin %s`", b.name, b.name))
		}
	}
	return nil
}

// keepsBox reports whether a plugin or reducer stays open. One that is shown messages where they lie must have room for all that it reads.
func (d *draft) keepsBox(name string) bool {
	old, next := d.old.box(name), d.next.box(name)
	return old != nil && next != nil && d.plan.Keeps(change.Node(name)) && roomOf(old.opts.Env.Window) == roomOf(next.opts.Env.Window)
}

func roomOf(w *actor.Window) int64 {
	if w == nil {
		return 0
	}
	return w.Room
}
