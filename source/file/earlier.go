package file

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/source"
)

var _ source.Predecessor = (*lane)(nil)

// most is how many files of a directory are looked at for content that was renamed.
const most = 1000

// where is the name that the content has now.
func (l *lane) where() string {
	if l.moved != "" {
		return l.moved
	}
	return l.path
}

// Earlier implements [source.Predecessor]: a rotation while nobody read leaves the file beside its name, as app.log.1,
// app.log-20260401 or app-20260401.log. It is known by its first line, and by having more than was read.
func (l *lane) Earlier(incarnation string, position uint64) source.Lane {
	incarnation, _, _ = strings.Cut(incarnation, "~")
	if !l.follow || l.alone || incarnation == empty || incarnation == l.id.Incarnation {
		return nil
	}
	dir, base := filepath.Split(l.path)
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil || len(entries) > most {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.Type().IsRegular() && related(base, e.Name()) && holds(path, incarnation, position) {
			id := pelton.LaneID{Source: l.id.Source, Incarnation: incarnation, Lane: l.id.Lane}
			return &lane{path: l.path, moved: path, follow: true, wait: l.wait, id: id}
		}
	}
	return nil
}

// related reports whether a name is one that rotating a file gives.
func related(base, name string) bool {
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	return name != base && (strings.HasPrefix(name, base) || strings.HasPrefix(name, stem) && filepath.Ext(name) == ext && stem != "")
}

func holds(path, incarnation string, position uint64) bool {
	c, err := open(path)
	if err != nil {
		return false
	}
	defer c.Close() //nolint:errcheck // it was only read
	info, err := c.file.Stat()
	if err != nil || c.pack != plain || uint64(info.Size()) <= position {
		return false
	}
	found, err := c.incarnation(true)
	return err == nil && found == incarnation
}
