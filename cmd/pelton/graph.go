package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/spf13/cobra"
)

// graphCommand is `pelton graph`.
func (a *app) graphCommand() *cobra.Command {
	var dot bool
	c := &cobra.Command{
		Use:   "graph [FILE]",
		Short: "Draw which box reads which",
		Long: `Draw the graph of FILE (default pelton.yaml) as a tree: who reads whom. With --addr it is
the graph of the running wheel there. --dot is for Graphviz.`,
		Example: `  pelton graph examples/flights/pelton.yaml
  pelton graph --dot | dot -Tsvg > graph.svg`,
		Args: args(0, 1, "at most one FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := a.topology(c.Context(), args)
			if err != nil {
				return err
			}
			switch {
			case a.json:
				t.Nodes, t.Edges = list(t.Nodes), list(t.Edges)
				return a.printJSON(t)
			case dot:
				a.printf("%s", dotOf(t))
			default:
				a.printf("%s", treeOf(t))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&dot, "dot", false, "print Graphviz's language")
	c.Flags().StringVar(&a.addr, "addr", "", "`HOST:PORT` of a running wheel to ask instead of a file")
	return a.jsonFlag(c)
}

// topology is the graph of a file, or of the wheel that --addr names.
func (a *app) topology(ctx context.Context, args []string) (t api.Topology, err error) {
	if a.addr != "" {
		if len(args) > 0 {
			return t, usagef("graph: both FILE and --addr; want one of them")
		}
		err = a.call(func(w *client.Client) error {
			t, err = w.Topology(ctx)
			return err
		})
		return t, err
	}
	c, err := config.Load(file(args), a.env)
	if err != nil {
		return t, err
	}
	g := c.Graph()
	for _, n := range g.Nodes {
		t.Nodes = append(t.Nodes, api.Node{Kind: n.Kind, Name: n.Name, Type: n.Type, Reducer: n.Reducer})
	}
	for _, e := range g.Edges {
		t.Edges = append(t.Edges, api.Edge(e))
	}
	return t, nil
}

// treeOf draws the graph from its sources on. A box with several readings is drawn in full once; later it is named.
func treeOf(t api.Topology) string {
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

// dotOf is the graph in Graphviz's language.
func dotOf(t api.Topology) string {
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
