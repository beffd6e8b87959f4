// Plugin keeps counts flights in a variable, which it hands over to the next version of itself.
package main

import (
	"errors"
	"strconv"

	"github.com/peltonhq/pelton/sdk/go"
)

const form = 1 // of the state

var count int

func init() {
	pelton.Handle(handle, "counts")
	pelton.Keep(save, load)
}

func main() {}

func handle(_ *pelton.Message, out *pelton.Out) pelton.Verdict {
	count++
	out.Emit("counts", []byte("all"), strconv.AppendInt(nil, int64(count), 10))
	return pelton.Ack()
}

func save() (pelton.State, error) {
	return pelton.State{Version: form, Bytes: strconv.AppendInt(nil, int64(count), 10)}, nil
}

func load(s pelton.State) (err error) {
	if s.Version != form {
		return errors.New("the state has another form")
	}
	count, err = strconv.Atoi(string(s.Bytes))
	return err
}
