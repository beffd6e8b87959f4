package native_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/handover"
	"github.com/peltonhq/pelton/actor/native"
)

// frugal is a plugin that hands a word over.
type frugal struct {
	acker

	word string
}

func (f *frugal) Save() (version uint32, state []byte, err error) {
	switch f.word {
	case "panic":
		panic("in save")
	case "refuse":
		return 0, nil, errors.New("not now")
	}
	return 3, []byte(f.word), nil
}

func (f *frugal) Load(version uint32, state []byte) error {
	if version != 3 {
		return errors.New("not that version")
	}
	f.word = string(state)
	return nil
}

func TestKeep(t *testing.T) {
	begin := func(p native.Plugin) actor.Instance {
		i, err := native.Module("p", func() native.Plugin { return p }).Start(t.Context(), actor.Env{Config: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	for word, want := range map[string]string{"word": "", "panic": "saving it: trap: panic: in save", "refuse": "saving it: save: not now"} {
		next := &frugal{}
		r := handover.Move(t.Context(), begin(&frugal{word: word}), begin(next), 100)
		if err := r.Err(); want == "" && (err != nil || next.word != word) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, %q", word, err, next.word)
		}
	}
	if r := handover.Move(t.Context(), begin(&frugal{word: "word"}), begin(acker{}), 100); !errors.Is(r.Loaded, handover.ErrNoLoad) {
		t.Errorf("a plugin without Load: %v", r.Loaded)
	}
	if r := handover.Move(t.Context(), begin(acker{}), begin(&frugal{}), 100); r.Err() != nil {
		t.Errorf("a plugin without Save: %v", r.Err())
	}
}
