package pelton_test

import (
	"maps"
	"testing"

	"github.com/peltonhq/pelton"
)

func TestLocated(t *testing.T) {
	t.Parallel()
	delay := pelton.Field{Offset: 9, Length: 2, Kind: pelton.KindNumber}
	v := pelton.Borrow([]byte(`{"delay":12}`), nil, &pelton.Meta{}, []pelton.Field{{}, delay}, []string{"origin", "delay"})
	if got := v.Located(); !maps.Equal(got, map[string]pelton.Field{"delay": delay}) {
		t.Errorf("located %v: want the field that the message has, and no other", got)
	}
	none := pelton.Borrow([]byte(`{}`), nil, &pelton.Meta{}, nil, []string{"origin"})
	if got := none.Located(); got != nil {
		t.Errorf("located %v in a message without fields", got)
	}
}
