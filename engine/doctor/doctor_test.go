package doctor_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/doctor"
)

// sound is a config of which nothing can be complained.
func sound(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.Store.Dir = t.TempDir() + "/store/below"
	c.Store.Reserve = 0
	c.API = config.API{Listen: "127.0.0.1:0", GRPC: "127.0.0.1:0"}
	c.Sources["in"] = config.Source{Demo: &config.Demo{}}
	p := config.DefaultPlugin()
	p.From, p.Instances, p.Native = []string{"in"}, 3, &config.Native{Name: "x"}
	c.Plugins["first"] = p
	p.From, p.Instances = []string{"first.out"}, 1
	c.Plugins["second"] = p
	s := config.DefaultSink()
	s.From = []string{"second"}
	c.Sinks["out"] = s
	return c
}

// A2: the sum has every box, as often as it is there.
func TestMemory(t *testing.T) {
	t.Parallel()
	c := sound(t)
	got := map[string]config.Size{}
	for _, s := range doctor.Memory(&c) {
		got[s.What] = s.Bytes
	}
	want := map[string]config.Size{
		"messages under way": 64 * config.MiB, "output that plugins wait for": 4 * config.MiB, "plugins": 4 * 65 * config.MiB,
		"a swap of the largest plugin": 3 * 65 * config.MiB, "sinks": 4 * config.MiB, "sessions": 0,
	}
	for what, bytes := range want {
		if got[what] != bytes {
			t.Errorf("%s: %s, want %s", what, got[what], bytes)
		}
	}
	c.Sources["more"] = c.Sources["in"]
	c.Sessions["s"] = config.DefaultSession()
	p := c.Plugins["second"]
	p.Instances, p.Strategy, p.State.Handover = 3, "shadow", true
	c.Plugins["second"] = p
	for _, s := range doctor.Memory(&c) {
		if s.What == "a swap of the largest plugin" && s.Bytes != (3*65+2*4+3*16)*config.MiB {
			t.Errorf("%+v", s)
		}
		if s.What == "messages under way" && s.Bytes != 128*config.MiB || s.What == "sessions" && s.Bytes < 20*config.MiB || s.What == "store" && s.Bytes == 0 {
			t.Errorf("%+v", s)
		}
	}
}

// wheel answers what it is told to.
type wheel struct {
	stats  api.Stats
	err    error
	dead   []api.DeadLetter
	parked []api.Parked
}

func (w *wheel) Stats(context.Context) (api.Stats, error) { return w.stats, w.err }
func (w *wheel) Plugins(context.Context) ([]api.Plugin, error) {
	return []api.Plugin{{Name: "first"}}, nil
}

func (w *wheel) Dead(_ context.Context, q api.DeadQuery) ([]api.DeadLetter, string, error) {
	if q.After == "" && len(w.dead) > 1 { // two pages
		return w.dead[:1], "1", nil
	}
	return w.dead[min(1, len(w.dead)):], "", nil
}

func (w *wheel) Parked(context.Context, api.ParkedQuery) ([]api.Parked, string, error) {
	return w.parked, "", nil
}

func worst(all []doctor.Finding) doctor.State {
	worst := doctor.OK
	for _, f := range all {
		if f.State == doctor.Bad || f.State == doctor.Warn && worst == doctor.OK {
			worst = f.State
		}
	}
	return worst
}

func TestLook(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // nobody connects
	fine := api.Stats{Version: "1", Uptime: time.Minute}
	down := &api.Error{Code: api.Unavailable, Message: "refused"}
	for name, c := range map[string]struct {
		change func(*config.Config)
		wheel  *wheel
		tool   error
		fsync  func(string) (time.Duration, error)
		state  doctor.State
		want   string // is in one of the findings of that state
	}{
		"all is well":      {state: doctor.OK, want: "an fsync takes"},
		"no wheel":         {wheel: &wheel{err: down}, state: doctor.OK, want: "none runs"},
		"a wheel":          {wheel: &wheel{stats: fine}, state: doctor.OK, want: "version 1 is up for 1m0s"},
		"sync off":         {change: func(c *config.Config) { c.Store.Sync = config.SyncOff }, state: doctor.Warn, want: "store.sync is off"},
		"little memory":    {change: func(c *config.Config) { c.Arena.Size = 1 << 60 }, state: doctor.Warn, want: "the machine has"},
		"little room":      {change: func(c *config.Config) { c.Store.Reserve = 1 << 60 }, state: doctor.Bad, want: "sources pause"},
		"slow disk":        {fsync: func(string) (time.Duration, error) { return time.Second, nil }, state: doctor.Warn, want: "takes 1s"},
		"no room at all":   {change: func(c *config.Config) { c.Store.Dir = "/proc/1/none" }, fsync: doctor.Fsync, state: doctor.Bad, want: "can't be written"},
		"taken":            {change: func(c *config.Config) { c.API.Listen = taken.Addr().String() }, state: doctor.Bad, want: "api.listen " + taken.Addr().String()},
		"taken by a wheel": {change: func(c *config.Config) { c.API.Listen = taken.Addr().String() }, wheel: &wheel{stats: fine}, state: doctor.OK, want: "is up"},
		"no compiler": {change: func(c *config.Config) {
			p := config.DefaultPlugin()
			p.Wasm = &config.Wasm{Path: "../../examples/flights/plugins/delays"}
			c.Plugins["delays"] = p
		}, tool: errors.New("none"), state: doctor.Bad, want: `plugin delays is Go source and there is no "go"`},
		"odd answer":  {wheel: &wheel{err: errors.New("gibberish")}, state: doctor.Bad, want: "gibberish"},
		"paused":      {wheel: &wheel{stats: api.Stats{Paused: "store full"}}, state: doctor.Warn, want: "paused: store full"},
		"full":        {wheel: &wheel{stats: api.Stats{Store: api.StoreStats{Full: true, Reason: "reserve"}}}, state: doctor.Bad, want: "it is full: reserve"},
		"stopped":     {wheel: &wheel{stats: api.Stats{Plugins: []api.PluginStats{{Name: "first", State: "stopped"}}}}, state: doctor.Bad, want: "first is stopped"},
		"held up":     {wheel: &wheel{stats: api.Stats{Sessions: []api.SessionStats{{Name: "out", HeldBy: "a follower holds it up"}}}}, state: doctor.Warn, want: "out: a follower holds it up"},
		"sink waits":  {wheel: &wheel{stats: api.Stats{Sinks: []api.SinkStats{{Name: "out", State: "waiting", LastError: "EIO"}}}}, state: doctor.Warn, want: "out is waiting: EIO"},
		"source lost": {wheel: &wheel{stats: api.Stats{Sources: []api.SourceStats{{Name: "in", State: "failed", Reason: "gone"}}}}, state: doctor.Bad, want: "in is failed: gone"},
		"dead":        {wheel: &wheel{stats: api.Stats{Lot: api.LotStats{Dead: 2}}}, state: doctor.Warn, want: "2 dead letters: see"},
		"dead of none": {wheel: &wheel{dead: []api.DeadLetter{{Plugin: "old"}, {Plugin: "old"}, {Plugin: "first"}}}, state: doctor.Warn,
			want: `2 dead letters: of plugin "old"`},
		"parked of none": {wheel: &wheel{parked: []api.Parked{{Plugin: "old"}, {Plugin: "first"}}}, state: doctor.Warn,
			want: `1 parked deliveries: of plugin "old"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := sound(t)
			if c.change != nil {
				c.change(&config)
			}
			o := doctor.Options{Tool: func(string) error { return c.tool }, Fsync: c.fsync}
			if o.Fsync == nil {
				o.Fsync = func(string) (time.Duration, error) { return time.Millisecond, nil }
			}
			if c.wheel != nil {
				o.Wheel = c.wheel
			}
			all := doctor.Look(t.Context(), &config, o)
			found := false
			for _, f := range all {
				found = found || f.State == c.state && strings.Contains(f.Text, c.want)
			}
			if !found || worst(all) != c.state {
				t.Errorf("worst is %s, want %s with %q in:\n%+v", worst(all), c.state, c.want, all)
			}
		})
	}
}
