package change

import (
	"slices"
	"strings"

	"github.com/peltonhq/pelton/api/delta"
)

// effects are by kind: what becomes of a box whose keys at those paths change.
var effects = map[string]func(paths []string) string{"source": source, "plugin": plugin, "session": session, "sink": sink}

// swapped are the keys that a new version of a plugin brings with it.
var swapped = []string{"config", "code", "limits.memory", "limits.recycle", "limits.time"}

// lanes are the keys of a plugin that are the lanes' business, not its own.
var lanes = []string{"from", "order", "retry", "max_defers", "limits.queue"}

// adjusted are the keys of a plugin that are looked at when its next version comes.
var adjusted = []string{"strategy", "canary", "shadow", "health", "state"}

// plugin is conservative: a key that is in no list is read when the plugin is opened.
func plugin(paths []string) string {
	var swap, rewire, adjust bool
	for _, p := range paths {
		switch {
		case under(p, swapped):
			swap = true
		case under(p, lanes):
			rewire = true
		case under(p, adjusted):
			adjust = true
		case p == "wasm.path": // another place of the same code; else there is a field for the code too
		default:
			return delta.EffectReplace
		}
	}
	return mildest(swap, rewire, adjust)
}

// mildest is the effect that makes all of these changes.
func mildest(swap, rewire, adjust bool) string {
	switch {
	case swap:
		return delta.EffectSwap
	case rewire:
		return delta.EffectRewire
	case adjust:
		return delta.EffectAdjust
	}
	return delta.EffectNone
}

// session: what its reducer can take by a swap it takes so; who writes it is the lanes' business.
func session(paths []string) string {
	var swap, rewire, adjust bool
	for _, p := range paths {
		inner, reducer := strings.CutPrefix(p, "reduce.")
		switch {
		case reducer && inner == "wasm.path":
		case reducer && under(inner, swapped):
			swap = true
		case reducer && under(inner, adjusted):
			adjust = true
		case p == "from":
			rewire = true
		default:
			return delta.EffectReplace
		}
	}
	return mildest(swap, rewire, adjust)
}

// wheel: who holds a static token is looked up at each call; the rest is read at the start.
func wheel(paths []string) string {
	if only(paths, live...) {
		return delta.EffectAdjust
	}
	return delta.EffectRefused
}

// live are the keys of the wheel that can change while it runs.
var live = []string{"api.auth.tokens"}

func sink(paths []string) string {
	if only(paths, "from") {
		return delta.EffectRewire
	}
	return delta.EffectReplace
}

// source: how bytes become messages is the lanes' business; the rest is the connection's.
func source(paths []string) string {
	if only(paths, "decode", "http") {
		return delta.EffectRewire
	}
	return delta.EffectReplace
}

func only(paths []string, sections ...string) bool {
	return !slices.ContainsFunc(paths, func(p string) bool { return !under(p, sections) })
}

// under reports whether a path is one of the sections or in one.
func under(path string, sections []string) bool {
	return slices.ContainsFunc(sections, func(s string) bool {
		return path == s || strings.HasPrefix(path, s+".") || strings.HasPrefix(path, s+"[")
	})
}

// words say what an effect does, by kind.
var words = map[string]map[string]string{
	"source": {
		delta.EffectStart: "opened", delta.EffectStop: "its lanes are drained, then it is closed; its position stays in the store",
		delta.EffectRewire: "stays open; its lanes are drained and opened again", delta.EffectReplace: "its lanes are drained; closed and opened again",
	},
	"plugin": {
		delta.EffectStart: "started", delta.EffectStop: "stopped once its lanes are drained; what is parked for it stays in the store",
		delta.EffectSwap: "swapped between two turns, watched by its health window", delta.EffectRewire: "goes on; its lanes are drained and opened again",
		delta.EffectAdjust:  "goes on; its next version comes in and is judged so",
		delta.EffectReplace: "started anew while its lanes are drained; what it keeps in memory is lost",
	},
	"session": {
		delta.EffectStart: "opened", delta.EffectStop: "closed; its snapshots stay in the store",
		delta.EffectSwap: "its reducer is swapped between two turns, watched by its health window", delta.EffectRewire: "goes on; the lanes that write it are drained and opened again",
		delta.EffectAdjust:  "goes on; the next version of its reducer comes in and is judged so",
		delta.EffectReplace: "closed and opened again while its lanes are drained; followers resume by their cursor",
	},
	"sink": {
		delta.EffectStart: "opened", delta.EffectStop: "closed once its lanes are drained",
		delta.EffectRewire: "goes on; the lanes that write it are drained and opened again", delta.EffectReplace: "closed and opened again while its lanes are drained",
	},
	"wheel": {
		delta.EffectRefused: "needs a restart",
		delta.EffectAdjust:  "a token that goes or changes ends at once, with what was begun with it",
	},
}

// Words say what a change does.
func Words(c *delta.Change) string {
	if text, ok := words[c.Kind][c.Effect]; ok {
		return text
	}
	return "nothing changes in what runs"
}
