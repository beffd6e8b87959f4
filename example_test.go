package pelton_test

import (
	"fmt"
	"time"

	"github.com/peltonhq/pelton"
)

func ExampleMessageID() {
	lane := pelton.LaneID{Source: "flights", Incarnation: "3f2a", Lane: "flights.jsonl"}
	message := pelton.MessageID{Lane: lane, Position: 128}
	emit := message.Emitted("delays", 0)
	fmt.Println(emit)
	fmt.Println(emit.To(pelton.Target{Kind: pelton.TargetSession, Name: "airports"}))
	// Output:
	// flights/3f2a/flights.jsonl/128/delays#0
	// flights/3f2a/flights.jsonl/128/delays#0>session/airports
}

func ExampleParseCursor() {
	one, _ := pelton.ParseCursor("1764000000000000:42")
	all, _ := pelton.ParseCursor("@1764000000000000:7101")
	_, err := pelton.ParseCursor("42")
	fmt.Println(one.ID, one.Log, all.ID, all.Log)
	fmt.Println(err)
	// Output:
	// 42 false 7101 true
	// cursor "42": want epoch:id (for example 1764000000000000:42), or @epoch:seq for a whole session name
}

func ExampleVerdict() {
	fmt.Println(pelton.Ack(), pelton.Retry(2*time.Second), pelton.Dead("no such airport"))
	fmt.Println(pelton.Verdict{})
	// Output:
	// ack retry(2s) dead(no such airport)
	// none
}

func ExampleView_Field() {
	payload := []byte(`{"origin":"ORD"}`)
	fields := []pelton.Field{{Offset: 11, Length: 3, Kind: pelton.KindString}}
	view := pelton.Borrow(payload, nil, &pelton.Meta{}, fields, []string{"origin"})
	origin, ok := view.Field("origin")
	fmt.Println(origin, ok)
	// Output: ORD true
}
