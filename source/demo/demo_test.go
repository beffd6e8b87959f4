package demo

import (
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/peltonhq/pelton/decode"
	"github.com/peltonhq/pelton/source"
	"github.com/peltonhq/pelton/source/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	o := Options{Name: "demo", Count: 150, Seed: 7, Size: 10}
	var want []string
	for seq := range o.Count {
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, string(s.options.flight(nil, seq+1)))
	}
	sourcetest.Run(t, sourcetest.Kit{
		Open: func(t *testing.T) source.Source {
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Decode: decode.Config{Format: decode.JSON, Key: "origin", Fields: []string{"delay"}, Time: decode.TimeConfig{Field: "date", Layout: "2006/01/02 15:04"}},
		Want:   want,
	})
}

func TestFlights(t *testing.T) {
	o := Options{Keys: 40, Size: 3}
	keys, late := map[string]int{}, 0
	for seq := uint64(1); seq <= 20000; seq++ {
		var f struct {
			Seq                            uint64
			Date, Origin, Destination, Pad string
			Delay, Distance                int
		}
		if err := json.Unmarshal(o.flight(nil, seq), &f); err != nil {
			t.Fatal(err)
		}
		if f.Seq != seq || len(f.Date) != 16 || f.Distance < 80 || f.Destination == "" || f.Pad != "..." || f.Delay < -15 || f.Delay > 200 {
			t.Fatalf("%+v", f)
		}
		keys[f.Origin]++
		if f.Delay > 15 {
			late++
		}
	}
	if len(keys) != 40 || late < 2000 || late > 6000 {
		t.Errorf("%d origins, %d late", len(keys), late)
	}
	if last := string(o.flight(nil, 1<<63)); !json.Valid([]byte(last)) || !strings.Contains(last, `"seq":9223372036854775808`) {
		t.Error(last)
	}
}

func TestIncarnation(t *testing.T) {
	id := func(o Options) string {
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		lanes, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if lanes[0].Endless() != (o.Count == 0) {
			t.Errorf("%+v: endless %v", o, lanes[0].Endless())
		}
		return lanes[0].ID().Incarnation
	}
	base := id(Options{})
	for _, c := range []struct {
		options Options
		same    bool
	}{{Options{Count: 9}, true}, {Options{Keys: DefaultKeys}, true}, {Options{Keys: 9}, false}, {Options{Seed: 1}, false}, {Options{Size: 1}, false}} {
		if got := id(c.options); (got == base) != c.same {
			t.Errorf("%+v: %s, without options %s", c.options, got, base)
		}
	}
	for _, o := range []Options{{Keys: -1}, {Keys: MaxKeys + 1}, {Size: -1}, {Size: MaxSize + 1}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
