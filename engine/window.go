package engine

import (
	"strings"

	"github.com/peltonhq/pelton/actor"
)

// window says how a plugin's payloads get into its memory; nil if it has none of its own. One that is shown them where
// they lie needs room for every arena that it reads from: those of its sources, and the queues of the plugins before it.
func (w *wheel) window(plugin string) *actor.Window {
	c := w.c.Plugins[plugin].Wasm
	if c == nil {
		return nil
	}
	window := &actor.Window{}
	if !c.Mapped() {
		return window
	}
	seen := map[string]bool{}
	for _, e := range w.plan.Graph.Edges {
		if e.To != "plugin/"+plugin || seen[e.From] {
			continue
		}
		seen[e.From] = true
		size, _ := w.arenaSize()
		if name, ok := strings.CutPrefix(e.From, "plugin/"); ok {
			size = int64(w.c.Plugins[name].Limits.Queue)
		}
		window.Room += (size + largePage - 1) / largePage * largePage
	}
	return window
}

// largePage is a multiple of the page size of every system.
const largePage = 64 << 10
