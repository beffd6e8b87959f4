package config_test

import (
	"fmt"

	"github.com/peltonhq/pelton/engine/config"
)

func ExampleParse() {
	_, err := config.Parse([]byte("sources:\n  flights:\n    demo: {rat: 5/s}\n"), "pelton.yaml", nil)
	fmt.Println(err)
	// Output: pelton.yaml:3:12: sources.flights.demo.rat: unknown key; did you mean "rate"?
}

func ExampleConfig_Graph() {
	c, err := config.Parse([]byte("sources: {flights: {demo: {}}}\nsinks: {out: {from: [flights], stdout: {}}}\n"), "pelton.yaml", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range c.Graph().Edges {
		fmt.Println(e.From, "is read by", e.To)
	}
	// Output: source/flights is read by sink/out
}
