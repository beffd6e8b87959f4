package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/secret"
)

// Codes are digests of code, by the name of a plugin or reducer. A native plugin has none.
type Codes map[string]string

// Paths are those of the code that is built, by the name of a plugin or reducer.
func Paths(c *config.Config) map[string]string {
	paths := map[string]string{}
	for name, p := range c.Plugins {
		if p.Wasm != nil {
			paths[name] = p.Wasm.Path
		}
	}
	for name, s := range c.Sessions {
		if s.Reduce != nil && s.Reduce.Wasm != nil {
			paths[config.ReducerName(name)] = s.Reduce.Wasm.Path
		}
	}
	return paths
}

// Side is one of the two configs with the code of its plugins.
type Side struct {
	Config *config.Config
	Codes  Codes
}

// Between is what the second config changes of a wheel that runs the first, in the order of the message's way.
func Between(old, next Side) ([]delta.Change, error) {
	d := differ{old: old, next: next, all: []delta.Change{}}
	d.wheel()
	a, b := old.Config, next.Config
	d.section("source", "sources", a.SourceNames(), b.SourceNames())
	d.section("plugin", "plugins", a.PluginNames(), b.PluginNames())
	d.section("session", "sessions", a.SessionNames(), b.SessionNames())
	d.section("sink", "sinks", a.SinkNames(), b.SinkNames())
	return d.all, d.err
}

type differ struct {
	old, next Side
	all       []delta.Change
	err       error
}

// section compares the boxes of one kind: those that go, in the place where they were, among those that stay or come.
func (d *differ) section(kind, section string, old, next []string) {
	for _, name := range slices.Concat(next, old) {
		is, was := slices.Contains(next, name), slices.Contains(old, name)
		c := delta.Change{Kind: kind, Name: name, Fields: []delta.Field{}}
		switch {
		case slices.ContainsFunc(d.all, func(o delta.Change) bool { return o.Kind == kind && o.Name == name }):
			continue
		case is && !was:
			c.Op, c.Effect = delta.OpAdd, delta.EffectStart
		case was && !is:
			c.Op, c.Effect = delta.OpRemove, delta.EffectStop
		default:
			if c.Fields = d.fields(kind, section, name); len(c.Fields) == 0 {
				continue
			}
			c.Op, c.Effect = delta.OpChange, effects[kind](paths(c.Fields))
		}
		c.Does = Words(&c)
		d.all = append(d.all, c)
	}
}

// wheel compares what holds for the whole wheel; none of it can change while it runs.
func (d *differ) wheel() {
	fields := d.fields("wheel", "", "")
	if len(fields) == 0 {
		return
	}
	c := delta.Change{Op: delta.OpChange, Kind: "wheel", Fields: fields, Effect: wheel(paths(fields))}
	c.Does = Words(&c)
	d.all = append(d.all, c)
}

// fields are the keys of a box that differ.
func (d *differ) fields(kind, section, name string) []delta.Field {
	old, err := read(d.old.Config, section, name)
	if err != nil {
		d.err = err
		return nil
	}
	next, err := read(d.next.Config, section, name)
	if err != nil {
		d.err = err
		return nil
	}
	all := maps.Clone(old.is)
	maps.Copy(all, next.is)
	fields := []delta.Field{}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		before, had := old.is[path]
		after, has := next.is[path]
		if had == has && before == after {
			continue
		}
		f := delta.Field{Path: path, Old: old.of(path), New: next.of(path)}
		if had && has && f.Old == f.New {
			f.New += " (another value)"
		}
		fields = append(fields, f)
	}
	return append(fields, d.code(kind, name)...)
}

// values are the keys of one box by their path below it, as they are and as anybody may see them.
type values struct{ is, shown map[string]string }

func read(c *config.Config, section, name string) (v values, err error) {
	shown := c.Shown()
	if v.is, err = flat(c, section, name); err != nil {
		return v, err
	}
	v.shown, err = flat(&shown, section, name)
	return v, err
}

// of is a value to tell of; empty for none.
func (v *values) of(path string) string {
	if _, ok := v.is[path]; !ok {
		return ""
	}
	if text, ok := v.shown[path]; ok {
		return text
	}
	return secret.Hidden
}

// code is the field of a plugin's code.
func (d *differ) code(kind, name string) []delta.Field {
	path := "code"
	switch kind {
	case "plugin":
	case "session":
		name, path = config.ReducerName(name), "reduce.code"
	default:
		return nil
	}
	old, next := d.old.Codes[name], d.next.Codes[name]
	if old == next || old == "" || next == "" {
		return nil
	}
	return []delta.Field{{Path: path, Old: Short(old), New: Short(next)}}
}

// Short is a digest for people.
func Short(digest string) string {
	digest = strings.TrimPrefix(digest, api.DigestPrefix)
	return digest[:min(shortest, len(digest))]
}

func paths(fields []delta.Field) []string {
	all := make([]string, len(fields))
	for i := range fields {
		all[i] = fields[i].Path
	}
	return all
}

// Identity is a hash of a config and the code that goes with it: of the keys as they are in effect, secrets included.
func (s Side) Identity() (string, error) {
	text, err := json.Marshal(s.Config)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s", len(text), text)
	for _, name := range slices.Sorted(maps.Keys(s.Codes)) {
		fmt.Fprintf(h, "\n%q %q", name, s.Codes[name])
	}
	return api.DigestPrefix + hex.EncodeToString(h.Sum(nil)), nil
}

// Hash is of a plan: it is another one as soon as either side is.
func Hash(old, next string) string {
	sum := sha256.Sum256([]byte("plan\n" + old + "\n" + next))
	return api.DigestPrefix + hex.EncodeToString(sum[:])
}

// Approved is the hash to ask for, given the one of now and that which was approved: the whole of it, or what was printed.
// Without any it is the one of now.
func Approved(given, now string) (string, error) {
	digits := strings.TrimPrefix(given, api.DigestPrefix)
	switch {
	case given == "":
		return now, nil
	case len(digits) < shortest:
		return "", fmt.Errorf("%q: want the hash that --plan printed", given)
	case strings.HasPrefix(strings.TrimPrefix(now, api.DigestPrefix), digits):
		return now, nil
	}
	return api.DigestPrefix + digits, nil // whoever applies says why not
}

const shortest = 12 // digits of a hash for people
