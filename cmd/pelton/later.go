package main

import (
	"slices"
	"strings"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/spf13/cobra"
)

// later are the verbs that the design knows and this version does not have: hidden, and refused by that name whatever
// follows them. A verb that is built leaves this list.
var later = []string{
	"apply",
}

// addLater adds the hidden commands to the tree.
func addLater(root *cobra.Command) {
	for _, path := range later {
		words := strings.Fields(path)
		parent := root
		for _, word := range words[:len(words)-1] {
			i := slices.IndexFunc(parent.Commands(), func(c *cobra.Command) bool { return c.Name() == word })
			parent = parent.Commands()[i]
		}
		parent.AddCommand(&cobra.Command{
			Use: words[len(words)-1], Hidden: true, DisableFlagParsing: true,
			RunE: func(c *cobra.Command, _ []string) error {
				return usagef("%s: %s", c.CommandPath(), config.NotAvailable)
			},
		})
	}
}
