package kafka

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/peltonhq/pelton"
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

// TestRecord: what a message knows of its record.
func TestRecord(t *testing.T) {
	at := time.Date(2001, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	r := kgo.Record{
		Offset: 7, Key: []byte("ORD"), Value: []byte("{}"), Timestamp: at,
		Headers: []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "TraceParent", Value: []byte("00-1-2-01")}, {Key: "a"}},
	}
	got := (&Source{}).record(&r)
	headers := []pelton.Header{{Name: "a", Value: "1"}, {Name: "TraceParent", Value: "00-1-2-01"}, {Name: "a"}}
	if got.Position != 7 || got.Next != 8 || string(got.Key) != "ORD" || string(got.Payload) != "{}" || got.Meta.Trace != "00-1-2-01" ||
		!got.Meta.Time.Equal(at) || got.Meta.Time.Location() != time.UTC || !slices.Equal(got.Meta.Headers, headers) {
		t.Errorf("%+v", got)
	}
	r.Timestamp = time.UnixMilli(-1) // it has none
	field := Source{o: Options{KeyField: true}}
	if got := field.record(&r); got.Key != nil || !got.Meta.Time.IsZero() {
		t.Errorf("with a key field: %+v", got)
	}
	if got := (&Source{}).record(&kgo.Record{Key: []byte{}}); got.Key == nil {
		t.Error("an empty key is none")
	}
}
