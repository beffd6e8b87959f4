package lot

import (
	"reflect"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
)

// A record comes back as it went in, with where its fields are: nobody can find those of a CSV line again.
func TestCodec(t *testing.T) {
	t.Parallel()
	var r delivery.Record
	r.ID.Message = pelton.MessageID{Lane: pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}, Position: 7}
	r.ID.Target = pelton.Target{Kind: pelton.TargetPlugin, Name: "p"}
	r.Kind, r.Hash, r.Attempt, r.Defers, r.Reason = delivery.KindDefer, 1<<63+1, 2, 3, "wait"
	r.Due, r.First, r.Failed = time.Unix(3, 4).UTC(), time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()
	r.HasKey, r.Key, r.Payload = true, []byte("ORD\xff"), []byte("ORD,12\n")
	r.Fields = map[string]pelton.Field{"delay": {Offset: 4, Length: 2, Kind: pelton.KindString}}
	owed := r
	owed.Kind, owed.Payload, owed.Due = delivery.KindOwed, []byte{}, time.Time{}
	owed.Emits = []pelton.Emit{{Output: "out", Key: []byte{}, Payload: []byte("\xff"), ContentType: "text/plain"}, {Payload: []byte{}}}
	for _, want := range []*Entry{{Record: r}, {Record: r, State: StateReplaying}, {Record: owed}} {
		got, err := decode(encode(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}
