package arena_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/arena"
)

func ExampleNew() {
	a, err := arena.New(arena.Options{Name: "flights", Size: 1 << 20, MaxMessage: 64 << 10})
	if err != nil {
		log.Fatal(err)
	}
	lane, err := a.Lane("flights.jsonl")
	if err != nil {
		log.Fatal(err)
	}
	block, err := lane.Acquire(context.Background(), 100)
	if err != nil {
		log.Fatal(err)
	}
	n := copy(block.Bytes(), `{"origin":"ORD"}`) // a source reads into the block
	ref, err := lane.Commit(block, &arena.Frame{Length: n, Meta: pelton.Meta{Position: 0}})
	if err != nil {
		log.Fatal(err)
	}
	lane.Done(block)

	view, err := a.View(ref)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(view.Payload()))
	if err := a.Release(ref); err != nil {
		log.Fatal(err)
	}
	_, err = a.View(ref)
	fmt.Println(errors.Is(err, arena.ErrStale), a.Stats().BytesUsed)
	fmt.Println(a.Close())
	// Output:
	// {"origin":"ORD"}
	// true 0
	// <nil>
}
