// Plugin reducer is the suite reducer of package actortest, as a Go guest: its doc describes the commands.
package main

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/peltonhq/pelton/sdk/go"
)

var config struct {
	Fail string `json:"fail"`
}

func init() {
	pelton.Config(&config)
	pelton.Start(func() error {
		if config.Fail != "" {
			return errors.New(config.Fail)
		}
		return nil
	})
	pelton.Reduce(fold)
}

func main() {}

var (
	hoard   [][]byte
	counter int
)

func fold(_, state, emit []byte) ([]byte, error) {
	word, rest, _ := strings.Cut(string(emit), " ")
	switch word {
	case "refuse":
		return nil, errors.New(rest)
	case "big":
		n, err := strconv.Atoi(rest)
		return bytes.Repeat([]byte{'x'}, n), err
	case "trap":
		panic("the reducer's trap")
	case "spin": // works until so much time has passed on the clock
		d, _ := time.ParseDuration(rest)
		for begin := time.Now(); time.Since(begin) < d; {
			counter++
		}
		return state, nil
	case "loop":
		for {
			counter++
		}
	case "hog":
		for {
			hoard = append(hoard, bytes.Repeat([]byte{1}, 1<<20))
		}
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		return nil, err
	}
	old, _ := strconv.ParseInt(string(state), 10, 64)
	return strconv.AppendInt(nil, old+n, 10), nil
}
