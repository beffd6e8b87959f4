package plan

import (
	"strings"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/engine/config"
)

// Window says how a plugin's payloads get into its memory; nil if it has none of its own. One that is shown them where
// they lie needs room for every arena that it reads from: those of its sources, of that size, and the queues of the plugins
// before it.
func (p *Plan) Window(all map[string]config.Plugin, plugin string, arena int64) *actor.Window {
	c := all[plugin].Wasm
	if c == nil {
		return nil
	}
	window := &actor.Window{}
	if !c.Mapped() {
		return window
	}
	seen := map[string]bool{}
	for _, e := range p.Graph.Edges {
		if e.To != "plugin/"+plugin || seen[e.From] {
			continue
		}
		seen[e.From] = true
		size := arena
		if name, ok := strings.CutPrefix(e.From, "plugin/"); ok {
			size = int64(all[name].Limits.Queue)
		}
		window.Room += (size + largePage - 1) / largePage * largePage
	}
	return window
}

// largePage is a multiple of the page size of every system.
const largePage = 64 << 10
