package kafka

import (
	"testing"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

// content is what the kit reads, and wanted what comes of it.
func content(t *testing.T, c *cluster) {
	t.Helper()
	c.produce(t, 0, lines(1, 3)...)
	c.produce(t, 0, "no json")
	c.produce(t, 0, lines(4, 6)...)
}

var wanted = append(append(lines(1, 3), sourcetest.Bad), lines(4, 6)...)

func TestKit(t *testing.T) {
	clusters := map[*testing.T]*cluster{}
	sourcetest.Run(t, sourcetest.Kit{
		Open: func(t *testing.T) source.Source {
			c, ok := clusters[t]
			if !ok {
				c = newCluster(t, 1)
				content(t, c)
				clusters[t] = c
			}
			return c.open(t)
		},
		Decode: decode.Config{Format: decode.JSON}, Want: wanted,
	})
}
