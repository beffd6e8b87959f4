package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/peltonhq/pelton/store"
)

// window is how many bytes before the committed length are summed up, so that a file which was replaced is told from
// the one that was left.
const window = 1 << 10

// state is what is committed of a file.
type state struct {
	Path   string `json:"path"`   // absolute
	Length int64  `json:"length"` // bytes; whatever is behind them was never reported
	Sum    uint64 `json:"sum"`    // of the last bytes before Length, at most window of them

	// Of rotations; see turn.
	Number int64 `json:"number,omitempty"`
	Oldest int64 `json:"oldest,omitempty"`
	To     int64 `json:"to,omitempty"`
	Born   int64 `json:"born,omitempty"` // Unix seconds
}

func stateKey(name string) []byte { return store.Key(store.SpaceSink, "file", name) }

func (s state) encode() []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}

func decodeState(text []byte) (state, error) {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return state{}, fmt.Errorf("state %.100q: %w: %w", text, err, store.ErrCorrupt)
	}
	if s.Path == "" || s.Length < 0 || s.Number < 0 || s.Oldest < 0 || s.To < 0 {
		return state{}, fmt.Errorf("state %.100q: no path, or a number below zero: %w", text, store.ErrCorrupt)
	}
	return s, nil
}

// load reads what is committed; known is false when nothing is.
func load(r store.Reader, name string) (s state, known bool, err error) {
	text, err := r.Get(stateKey(name))
	if errors.Is(err, store.ErrNotFound) {
		return state{}, false, nil
	}
	if err == nil {
		s, err = decodeState(text)
	}
	return s, err == nil, err
}

// tail is the last bytes of a file, at most window of them.
type tail []byte

// readTail reads the bytes before length.
func readTail(r io.ReaderAt, length int64) (tail, error) {
	t := make(tail, min(length, window))
	if n, err := r.ReadAt(t, length-int64(len(t))); n < len(t) {
		return nil, fmt.Errorf("read %d bytes at %d: %w", len(t), length-int64(len(t)), err)
	}
	return t, nil
}

// with is the tail after text was appended; t stays as it is.
func (t tail) with(text []byte) tail {
	if len(text) >= window {
		return append(tail(nil), text[len(text)-window:]...)
	}
	keep := t[len(t)-min(len(t), window-len(text)):]
	return append(append(make(tail, 0, len(keep)+len(text)), keep...), text...)
}

func (t tail) sum() uint64 { return xxhash.Sum64(t) }
