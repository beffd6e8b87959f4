package delivery_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/delivery"
)

func token() string {
	id := pelton.EffectID{Message: pelton.MessageID{Lane: pelton.LaneID{Source: "s", Incarnation: "1", Lane: "a/b"}, Position: 7}, Target: pelton.Target{Kind: pelton.TargetPlugin, Name: "p"}}
	return id.String() + "/3"
}

func TestParseToken(t *testing.T) {
	id, attempt, err := delivery.ParseToken(token())
	if err != nil || attempt != 3 || id.String()+"/3" != token() {
		t.Errorf("%v, %d, %v", id, attempt, err)
	}
	for text, want := range map[string]string{"": "want DELIVERY/ATTEMPT", "x": "want DELIVERY/ATTEMPT", "x/y": "the attempt is not a number", "x/1": ""} {
		if _, _, err := delivery.ParseToken(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzParseToken takes anything and never panics.
func FuzzParseToken(f *testing.F) {
	f.Add(token())
	f.Fuzz(func(t *testing.T, text string) {
		id, attempt, err := delivery.ParseToken(text)
		if err != nil {
			return
		}
		if again, n, err := delivery.ParseToken(fmt.Sprintf("%s/%d", id, attempt)); err != nil || again != id || n != attempt {
			t.Errorf("%q is %v/%d, which is %v/%d, %v", text, id, attempt, again, n, err)
		}
	})
}
