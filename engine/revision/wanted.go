package revision

import (
	"context"
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/api"
)

// Asked is what the config asks for of a plugin.
type Asked struct {
	Plugin   string
	Digest   string // of its code
	Artifact []byte // of what shall run: nil for native code
	Settings Settings
	Bound    bool // the code is part of this program: no other can run
}

// Changed reports whether it is something else than when the config was looked at last.
func (a *Asked) Changed(d *Plugin) bool { return d.Code != a.Digest || d.Hash != a.Settings.Hash() }

// Wanted is the revision that shall run, and why: the live one, or a new one if the config asks for something else than when
// it was looked at last. Code that was swapped in stays as long as the config's own is the same, and a plugin that is
// pinned stays whatever the config says.
func (b *Book) Wanted(a Asked) (r Record, why string, err error) {
	d := b.Plugin(a.Plugin)
	if d.Live != 0 {
		if r, err = b.Record(a.Plugin, d.Live); err != nil {
			return r, "", err
		}
	}
	digest := a.Digest
	switch {
	case d.Live == 0:
		why = "first start"
	case d.Pinned != nil && !a.Bound:
		return r, "it is pinned " + By(d.Pinned), nil
	case d.Code != a.Digest:
		why = fmt.Sprintf("the config's code has changed since revision %d", d.Config)
	case d.Hash != a.Settings.Hash() && r.Digest != a.Digest:
		why = fmt.Sprintf("the config has changed since revision %d; its code has not, and that of revision %d stays", d.Config, d.Live)
		digest = r.Digest
	case d.Hash != a.Settings.Hash():
		why = fmt.Sprintf("the config has changed since revision %d", d.Config)
	default:
		why = standing(&r, a.Digest)
		return r, why, nil
	}
	r, err = b.Next(a.Plugin, digest, a.Settings)
	r.Who, r.Why, r.Source = "config", why, "config"
	return r, why, err
}

// standing is why the live revision stays.
func standing(r *Record, digest string) string {
	switch {
	case r.Source != "config":
		return fmt.Sprintf("it was swapped in by %s; the config's code is unchanged", who(r.Who))
	case r.Digest != digest:
		return "as the config says, with code that was swapped in before"
	}
	return "as the config says"
}

// Live is the change that makes a new revision live which the config asks for.
func (a *Asked) Live(r Record) Change {
	r.Outcome, r.Size, r.Built = api.OutcomeLive, int64(len(a.Artifact)), Built(a.Artifact)
	return Change{Plugin: a.Plugin, Put: []Record{r}, Artifact: a.Artifact, Set: func(d *Plugin) {
		d.Live, d.Config, d.Code, d.Hash = r.Number, r.Number, a.Digest, a.Settings.Hash()
	}}
}

// Runs reports whether the live revision of a plugin has this code.
func (b *Book) Runs(plugin, digest string) bool {
	live := b.Plugin(plugin).Live
	return live != 0 && digest != "" && b.Digest(plugin, live) == digest
}

// Adopt notes what code the config has, if that is what runs: a swap brought it before the config did.
func (b *Book) Adopt(ctx context.Context, plugin, digest string) error {
	if b.Plugin(plugin).Code == digest || !b.Runs(plugin, digest) {
		return nil
	}
	return b.Commit(ctx, Change{Plugin: plugin, Set: func(d *Plugin) { d.Code = digest }})
}

// By says who left a mark, and why.
func By(m *api.Mark) string { return strings.TrimSuffix("by "+who(m.Who)+": "+m.Why, ": ") }

func who(name string) string {
	if name == "" {
		return "an operator"
	}
	return name
}
