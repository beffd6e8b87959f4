package graphql_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/coder/websocket/wsjson"

	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/apitest"
	"github.com/peltonhq/pelton/api/graphql"
	"github.com/peltonhq/pelton/internal/tap"
	"github.com/peltonhq/pelton/store/memory"
)

func TestTap(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, memory.New())
	w.Graph = api.Topology{Nodes: []api.Node{{Kind: "plugin", Name: "delays"}}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := dial(ctx, t, serve(t, w, graphql.Options{}))
	if c == nil {
		return
	}
	defer c.CloseNow()
	subscribe := func(id, query string) {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		if err := wsjson.Write(ctx, c, message{ID: id, Type: "subscribe", Payload: body}); err != nil {
			t.Fatal(err)
		}
	}
	sees := func(want ...string) {
		t.Helper()
		var m message
		if err := wsjson.Read(ctx, c, &m); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if text := m.Type + " " + string(m.Payload); !strings.Contains(text, w) {
				t.Errorf("got %s, want %s in it", text, w)
			}
		}
	}
	subscribe("1", `subscription { tap(node: "delays", key: "ORD", limit: 1) { node taken samples {
		id key size payload payloadBase64 decided { verdict attempt revision turn emits { output key payload } } } } }`)
	sees(`"node":"plugin/delays"`, `"samples":[]`)
	w.Hub.At(tap.Plugin, "delays", func(t *tap.Tap) {
		t.Put(tap.Sample{ID: "x", HasKey: true, Key: []byte("ORD"), Payload: []byte{0xff}, Size: 1, Decided: &tap.Decided{
			Verdict: "ack", Attempt: 2, Revision: 3, Turn: 4, Emits: []tap.Emit{{Output: "late", Payload: []byte(`{"a":1}`), Size: 7}},
		}})
	})
	sees(`"id":"x","key":"ORD","size":1,"payload":null,"payloadBase64":"/w=="`,
		`"decided":{"verdict":"ack","attempt":2,"revision":3,"turn":4,"emits":[{"output":"late","key":null,"payload":{"a":1}}]}`, `"taken":"1"`)
	sees("complete")
	subscribe("2", `subscription { tap(node: "delay") { node } }`)
	sees("delays", "NOT_FOUND")
}
