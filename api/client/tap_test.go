package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/internal/tap"
)

var graph = api.Topology{Nodes: []api.Node{
	{Kind: "source", Name: "flights"}, {Kind: "plugin", Name: "delays", Outputs: []string{"late"}},
	{Kind: "session", Name: "late"}, {Kind: "sink", Name: "late"},
}}

// pass has a message pass a node of the wheel.
func pass(w *api.TapFrame, h *tap.Hub, node, key string) {
	kind, name, _ := strings.Cut(node, "/")
	h.At(kind, name, func(t *tap.Tap) {
		if s := w.Samples[0]; t.Takes([]byte(key), s.Seen) {
			t.Put(s)
		}
	})
}

func TestTap(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	w.Graph = graph
	for name, node := range map[string]string{
		"flights": "source/flights", "delays": "plugin/delays", "plugin/delays.late": "plugin/delays.late", "sink/late": "sink/late",
	} {
		one := api.TapFrame{Samples: []tap.Sample{{ID: "x", HasKey: true, Key: []byte("ORD"), Payload: []byte("p"), Size: 7, Decided: &tap.Decided{Verdict: "ack", Turn: 3}}}}
		base, _, _ := strings.Cut(node, ".")
		var got []tap.Sample
		err := c.Tap(t.Context(), api.TapRequest{Node: name, Key: []byte("ORD"), Limit: 2}, func(f api.TapFrame) error {
			if f.Node != "" {
				if f.Node != node {
					t.Errorf("%s is %s", name, f.Node)
				}
				for _, key := range []string{"DTW", "ORD", "ORD", "ORD"} {
					pass(&one, w.Hub, base, key)
				}
			}
			got = append(got, f.Samples...)
			return nil
		})
		if err != nil || len(got) != 2 || got[0].ID != "x" || got[0].Decided.Turn != 3 || got[1].Size != 7 {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
	if w.Hub.Active() {
		t.Error("a tap is left open")
	}
}

func TestTapRefused(t *testing.T) {
	t.Parallel()
	w, c := start(t)
	w.Graph = graph
	give := func(api.TapFrame) error { return nil }
	for _, r := range []struct {
		request api.TapRequest
		code    api.Code
		text    string
	}{
		{api.TapRequest{Node: "flihts"}, api.NotFound, `did you mean "flights"`},
		{api.TapRequest{Node: "source/delays"}, api.NotFound, "there are"},
		{api.TapRequest{Node: "late"}, api.InvalidArgument, "session/late or sink/late"},
		{api.TapRequest{Node: "flights", Rate: -1}, api.InvalidArgument, "rate"},
	} {
		err := c.Tap(t.Context(), r.request, give)
		if !errors.Is(err, &api.Error{Code: r.code}) || !strings.Contains(err.Error(), r.text) {
			t.Errorf("%+v: %v", r.request, err)
		}
	}
	full := errors.New("full")
	err := c.Tap(t.Context(), api.TapRequest{Node: "flights"}, func(api.TapFrame) error {
		return c.Tap(t.Context(), api.TapRequest{Node: "flights"}, func(api.TapFrame) error {
			err := c.Tap(t.Context(), api.TapRequest{Node: "flights"}, give)
			if !errors.Is(err, &api.Error{Code: api.ResourceExhausted}) || !strings.Contains(err.Error(), "limits.taps") {
				t.Errorf("the %d-th tap: %v", apitest.TapsMost+1, err)
			}
			return full
		})
	})
	if !errors.Is(err, full) {
		t.Error(err)
	}
}
