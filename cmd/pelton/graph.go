package main

import (
	"context"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/cmd/pelton/draw"
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
				a.printf("%s", draw.Dot(t))
			default:
				a.printf("%s", draw.Tree(t))
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
