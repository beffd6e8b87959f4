package record

import (
	"bytes"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/session/stream"
)

func FuzzCodec(f *testing.F) {
	f.Add([]byte{format, 1, 2, 3})
	f.Add(EncodeSnapshot(&pelton.Snapshot{Seq: 3, Payload: []byte("p"), ContentType: "t", EffectID: "e", Time: time.Unix(-5, 7)}, time.Unix(1, 0)))
	f.Add(Place{1, 2, 3}.Encode())
	f.Add(Pointer{Gone: true, Epoch: 1, ID: 2, Key: "k"}.Encode())
	f.Add(EncodeStream(&stream.Stream{Epoch: 9, ContentType: "text/plain", TTL: time.Second, Touched: time.Unix(7, 8), Closed: true, Seq: "a"}))
	f.Add(EncodeProducer(stream.Producer{Epoch: 1, Seq: 2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := DecodePlace(b); err == nil {
			if again, err := DecodePlace(p.Encode()); err != nil || again != p {
				t.Errorf("place %v, %v", again, err)
			}
		}
		if p, err := DecodePointer(b); err == nil {
			if again, err := DecodePointer(p.Encode()); err != nil || again != p {
				t.Errorf("pointer %v, %v", again, err)
			}
		}
		if n, err := DecodeName(b); err == nil {
			if again, err := DecodeName(n.Encode()); err != nil || again != n {
				t.Errorf("name %v, %v", again, err)
			}
		}
		if st, err := DecodeStream(b); err == nil {
			if again, err := DecodeStream(EncodeStream(st)); err != nil || *again != *st {
				t.Errorf("stream %v, %v", again, err)
			}
		}
		if p, err := DecodeProducer("p", b); err == nil {
			if again, err := DecodeProducer("p", EncodeProducer(*p)); err != nil || *again != *p {
				t.Errorf("producer %v, %v", again, err)
			}
		}
		var s pelton.Snapshot
		seq, made, errStamp := DecodeStamp(b)
		if err := DecodeSnapshot(b, &s); err == nil {
			if errStamp != nil || seq != s.Seq {
				t.Errorf("stamp %d, %v; snapshot has seq %d", seq, errStamp, s.Seq)
			}
			var again pelton.Snapshot
			if err := DecodeSnapshot(EncodeSnapshot(&s, made), &again); err != nil || !again.Time.Equal(s.Time) ||
				again.EffectID != s.EffectID || again.ContentType != s.ContentType || !bytes.Equal(again.Payload, s.Payload) {
				t.Errorf("%+v came back as %+v, %v", s, again, err)
			}
		}
	})
}
