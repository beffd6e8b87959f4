package pelton_test

import (
	"testing"
	"time"

	"github.com/peltonhq/pelton"
)

// borrowed is a view over bytes, and the bytes.
//
//pelton:lends the bytes are the test's own
func borrowed() (pelton.View, []byte) {
	bytes := []byte(`ORD,12,-1.5,"a ""b""",x\n\u00e9`)
	lane := &pelton.LaneID{Source: "s", Incarnation: "i", Lane: "l"}
	meta := &pelton.Meta{Lane: lane, Position: 7, Next: 39, Time: time.Unix(1, 0).UTC()}
	fields := []pelton.Field{
		{Offset: 0, Length: 3, Kind: pelton.KindString}, {Offset: 4, Length: 2, Kind: pelton.KindNumber},
		{Offset: 7, Length: 4, Kind: pelton.KindNumber}, {Offset: 13, Length: 7, Kind: pelton.KindQuoted},
		{Offset: 22, Length: 9, Kind: pelton.KindEscaped}, {},
	}
	return pelton.Borrow(bytes, bytes[:3], meta, fields, []string{"origin", "delay", "mean", "text", "escaped", "gone"}), bytes
}

func TestView(t *testing.T) {
	t.Parallel()
	v, bytes := borrowed()
	for name, want := range map[string]string{"origin": "ORD", "delay": "12", "mean": "-1.5", "text": `a "b"`, "escaped": "x\né"} {
		value, ok := v.Field(name)
		field, located := v.Locate(name)
		if !ok || !located || value.String() != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
		if raw := string(bytes[field.Offset : field.Offset+field.Length]); raw != string(value.Raw) || field.Kind != value.Kind {
			t.Errorf("%s is located at %q, but is %q", name, raw, value.Raw)
		}
	}
	for _, name := range []string{"gone", "unknown", ""} {
		if _, ok := v.Field(name); ok {
			t.Errorf("%q has a value", name)
		}
		if _, ok := v.Locate(name); ok {
			t.Errorf("%q is located", name)
		}
	}
	for _, i := range []int{-1, 5, 6} {
		if _, ok := v.At(i); ok {
			t.Errorf("field %d has a value", i)
		}
	}
	var in pelton.View
	in.Lend(&pelton.Loan{Payload: v.Payload(), Key: v.Key(), Meta: pelton.Meta{Position: 7, Attempt: 1}}, 2, 0, 0)
	if string(in.Payload()[:6]) != "ORD,12" || string(in.Key()) != "ORD" || in.Attempt() != 2 || in.Meta().Position != 7 {
		t.Errorf("borrowed in place: %q, key %q, %+v", in.Payload(), in.Key(), in.Meta())
	}
	delay, _ := v.Field("delay")
	if n, err := delay.Int(); n != 12 || err != nil {
		t.Errorf("delay is %d, %v", n, err)
	}
	mean, _ := v.Field("mean")
	if x, err := mean.Float(); x != -1.5 || err != nil {
		t.Errorf("mean is %v, %v", x, err)
	}
	if _, err := mean.Int(); err == nil {
		t.Error("a fraction is a whole number")
	}
}

// TestOwn: S3, what crosses the line shares no byte with what was lent.
func TestOwn(t *testing.T) {
	t.Parallel()
	v, bytes := borrowed()
	first := time.Unix(5, 0).UTC()
	v = v.WithAttempt(2, 3, first)
	m := v.Own()
	for i := range bytes {
		bytes[i] = 0xDB
	}
	if string(m.Payload[:6]) != "ORD,12" || string(m.Key) != "ORD" {
		t.Errorf("S3: the message changed with the buffer: %q, key %q", m.Payload, m.Key)
	}
	if m.Meta.Attempt != 2 || m.Meta.Defers != 3 || !m.Meta.FirstSeen.Equal(first) || m.Meta.Position != 7 || v.Attempt() != 2 {
		t.Errorf("the delivery is lost: %+v", m.Meta)
	}
	if id := m.Meta.MessageID().String(); id != "s/i/l/7" {
		t.Errorf("the message is %s", id)
	}
}

// TestZeroView has no bytes and no meta, and does not panic.
func TestZeroView(t *testing.T) {
	t.Parallel()
	var v pelton.View
	m := v.Own()
	meta := v.Meta()
	if len(m.Payload) != 0 || m.Key != nil || meta.Lane != nil || meta.MessageID() != (pelton.MessageID{}) {
		t.Errorf("the zero view is %+v", m)
	}
	if _, ok := v.Field("origin"); ok {
		t.Error("the zero view has a field")
	}
}

func TestKeyNone(t *testing.T) {
	t.Parallel()
	none := pelton.Borrow(nil, nil, &pelton.Meta{}, nil, nil)
	empty := pelton.Borrow(nil, []byte{}, &pelton.Meta{}, nil, nil)
	if none.Own().Key != nil || empty.Own().Key == nil {
		t.Error("an empty key and none are not told apart")
	}
}

func TestSnapshotCursors(t *testing.T) {
	t.Parallel()
	s := pelton.Snapshot{Epoch: 9, ID: 3, Seq: 70}
	if one, all := s.Cursor().String(), s.LogCursor(11).String(); one != "9:3" || all != "@11:70" {
		t.Errorf("the cursors are %s and %s", one, all)
	}
}

func TestEffectSize(t *testing.T) {
	t.Parallel()
	small := pelton.Effect{}
	large := pelton.Effect{Key: make([]byte, 1), Payload: make([]byte, 20), Mark: make([]byte, 300)}
	if got := large.Size() - small.Size(); got != 321 || small.Size() <= 0 {
		t.Errorf("321 bytes are charged with %d, none with %d", got, small.Size())
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for d := pelton.DecisionNone; d <= pelton.DecisionAwait; d++ {
		if seen[d.String()] || d.String() == "invalid" {
			t.Errorf("decision %d is %q", d, d)
		}
		seen[d.String()] = true
	}
	if got := (pelton.DecisionAwait + 1).String(); got != "invalid" {
		t.Errorf("an unknown decision is %q", got)
	}
}
