package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/peltonhq/pelton/sdk/go"
)

var saves string // what save does

func save() (pelton.State, error) {
	word, rest, _ := strings.Cut(saves, " ")
	n, _ := strconv.Atoi(rest)
	state := pelton.State{Version: 1, Bytes: strconv.AppendInt(nil, int64(count), 10)}
	switch word {
	case "refuse":
		return pelton.State{}, errors.New(rest)
	case "big":
		padded := make([]byte, n)
		for i := copy(padded, state.Bytes); i < n; i++ {
			padded[i] = ' '
		}
		state.Bytes = padded
	case "version":
		state.Version = uint32(n)
	case "trap", "loop":
		misbehave(word)
	}
	return state, nil
}

func load(s pelton.State) (err error) {
	switch s.Version {
	case 1:
		count, err = strconv.Atoi(strings.TrimSpace(string(s.Bytes)))
	case 3:
		misbehave("trap")
	default:
		err = errors.New("version " + strconv.Itoa(int(s.Version)) + " is too new")
	}
	return err
}
