package native_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor"
	"github.com/peltonhq/pelton/actor/native"
)

// rude panics where a panic is least expected, and notes whether it was closed.
type rude struct {
	acker

	where  string
	closed *int
}

func (r rude) Init([]byte) ([]pelton.Output, error) {
	if r.where == "init" {
		panic("in init")
	}
	return nil, nil
}

func (r rude) Close() error {
	*r.closed++
	if r.where == "close" {
		panic("in close")
	}
	return nil
}

func TestPanics(t *testing.T) {
	closed := 0
	start := func(where string) (actor.Instance, error) {
		return native.Module("rude", func() native.Plugin { return rude{where: where, closed: &closed} }).Start(t.Context(), actor.Env{})
	}
	if _, err := start("init"); err == nil || !strings.Contains(err.Error(), "init: trap: panic: in init") {
		t.Errorf("a panic in Init: %v", err)
	}
	i, err := start("close")
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Close(context.Background()); err == nil || !strings.Contains(err.Error(), "in close") || closed != 1 {
		t.Errorf("a panic in Close: %v after %d calls", err, closed)
	}
}

// The contract of the other kind of plugin is refused, not misread.
func TestWrongKind(t *testing.T) {
	p := start(t, func() native.Plugin { return acker{} })
	r, err := native.ReducerModule("sum", func() native.Reducer { return sum{} }).Start(t.Context(), actor.Env{Config: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{p.Reduce(t.Context(), nil), r.Handle(t.Context(), batch(1))} {
		if f, ok := errors.AsType[*actor.Fault](err); !ok || f.Kind != actor.FaultMalformed {
			t.Errorf("%v, want a malformed fault", err)
		}
	}
}

func TestRegistry(t *testing.T) {
	r := native.Registry{
		"b": native.Module("b", func() native.Plugin { return acker{} }),
		"a": native.Module("a", func() native.Plugin { return acker{} }),
	}
	if m, err := r.Lookup("a"); err != nil || m != r["a"] || m.Digest() == r["b"].Digest() {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := r.Lookup("c"); err == nil || !strings.Contains(err.Error(), "only a, b") {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := (native.Registry{}).Lookup("c"); err == nil || !strings.Contains(err.Error(), "has none") {
		t.Errorf("an empty registry: %v", err)
	}
}
