// Plugin keeper counts messages in a variable and hands the count over. A message is a command: "trap" makes the next save
// trap, "refuse" makes it refuse, "big N" makes the state N bytes.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/peltonhq/pelton/sdk/go"
)

var config struct {
	Version uint32 `json:"version"`
}

var (
	count uint64
	mode  string
	size  int
)

func init() {
	pelton.Config(&config)
	pelton.Handle(handle)
	pelton.Keep(save, load)
}

func main() {}

func handle(m *pelton.Message, out *pelton.Out) pelton.Verdict {
	count++
	mode, size = string(m.Payload()), 8
	if n, ok := strings.CutPrefix(mode, "big "); ok {
		fmt.Sscan(n, &size)
	}
	out.Emit("", nil, fmt.Append(nil, count))
	return pelton.Ack()
}

func save() (pelton.State, error) {
	switch mode {
	case "trap":
		panic("the save's trap")
	case "refuse":
		return pelton.State{}, errors.New("not now")
	case "spin":
		for {
			count++
		}
	}
	state := make([]byte, max(8, size))
	binary.LittleEndian.PutUint64(state, count)
	return pelton.State{Version: config.Version, Bytes: state}, nil
}

func load(s pelton.State) error {
	if s.Version > 1 {
		return fmt.Errorf("version %d of the state is too new", s.Version)
	}
	count = binary.LittleEndian.Uint64(s.Bytes)
	return nil
}
