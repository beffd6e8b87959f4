package draw

import (
	"fmt"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
)

// Tree draws the graph from its sources on. A box with several readings is drawn in full once; later it is named.
func Tree(t api.Topology) string {
	var out strings.Builder
	drawn := map[string]bool{}
	var draw func(n api.Node, label, lead, rest string)
	draw = func(n api.Node, label, lead, rest string) {
		fmt.Fprintf(&out, "%s%s%s %s", lead, label, n.Kind, n.Name)
		if n.Type != "" {
			fmt.Fprintf(&out, " (%s)", n.Type)
		}
		below := edgesFrom(t, n.ID())
		if drawn[n.ID()] && len(below) > 0 {
			out.WriteString(" …\n")
			return
		}
		out.WriteByte('\n')
		drawn[n.ID()] = true
		for i, e := range below {
			branch, next := "├─ ", "│  "
			if i == len(below)-1 {
				branch, next = "└─ ", "   "
			}
			output := ""
			if e.Output != "" && e.Output != config.DefaultOutput {
				output = e.Output + " → "
			}
			draw(nodeOf(t, e.To), output, rest+branch, rest+next)
		}
	}
	for _, n := range t.Nodes {
		if n.Kind == "source" {
			draw(n, "", "", "")
		}
	}
	return out.String()
}

func edgesFrom(t api.Topology, id string) []api.Edge {
	var all []api.Edge
	for _, e := range t.Edges {
		if e.From == id {
			all = append(all, e)
		}
	}
	return all
}

func nodeOf(t api.Topology, id string) api.Node {
	if i := slices.IndexFunc(t.Nodes, func(n api.Node) bool { return n.ID() == id }); i >= 0 {
		return t.Nodes[i]
	}
	kind, name, _ := strings.Cut(id, "/")
	return api.Node{Kind: kind, Name: name}
}

// Dot is the graph in Graphviz's language.
func Dot(t api.Topology) string {
	shapes := map[string]string{"source": "cds", "plugin": "component", "session": "cylinder", "sink": "note"}
	var out strings.Builder
	out.WriteString("digraph pelton {\n  rankdir=LR;\n")
	for _, n := range t.Nodes {
		fmt.Fprintf(&out, "  %q [label=%q, shape=%s];\n", n.ID(), n.Name+"\n"+n.Type, shapes[n.Kind])
	}
	for _, e := range t.Edges {
		fmt.Fprintf(&out, "  %q -> %q", e.From, e.To)
		if e.Output != "" && e.Output != config.DefaultOutput {
			fmt.Fprintf(&out, " [label=%q]", e.Output)
		}
		out.WriteString(";\n")
	}
	out.WriteString("}\n")
	return out.String()
}
