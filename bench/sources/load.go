package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/peltonhq/pelton/bench/measure"
)

const size = 256 // bytes of a message, with the end of its line

// load is the messages of one table row: lines of JSON with a key.
type load struct {
	path     string
	text     []byte
	messages int
	keys     int // different ones
}

// newLoad makes n messages in a file; their keys are spread.
func newLoad(dir string, n, keys int) (*load, error) {
	l := &load{path: filepath.Join(dir, fmt.Sprintf("messages-%d-%d.jsonl", n, keys)), messages: n, keys: min(n, keys)}
	r := rand.New(rand.NewPCG(uint64(n), uint64(keys))) // so that it compresses no better than text does
	for i := range n {
		at := len(l.text)
		l.text = fmt.Appendf(l.text, `{"key":"%s","seq":%d,"pad":"`, l.key(i), i)
		for rest := size - (len(l.text) - at) - len("\"}\n"); rest > 0; rest-- {
			l.text = append(l.text, 'a'+byte(r.IntN(26)))
		}
		l.text = append(l.text, "\"}\n"...)
	}
	return l, os.WriteFile(l.path, l.text, 0o600)
}

func (l *load) key(i int) string { return fmt.Sprintf("k%07d", i*7919%l.keys) }

// each calls f with each message, without the end of its line.
func (l *load) each(f func(i int, line []byte) error) error {
	i := 0
	for line := range bytes.Lines(l.text) {
		if err := f(i, bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
		i++
	}
	return nil
}

// side is one source with its messages in it.
type side struct {
	name   string
	client string // what the plain client is
	load   *load
	// source is its part of the config, anew for each round.
	source func(round int) string
	// feed posts the messages to a wheel at this address; nil where they are there before.
	feed func(ctx context.Context, base string) error
	// raw is the plain client: it gives how many it read.
	raw func(ctx context.Context, round int) (int, error)
	// each is the plain client as most write it, which acknowledges every message by itself; nil where that is no difference.
	each func(ctx context.Context, round int) (int, error)
	// hand is the same client with a keeper; nil where there is none.
	hand  func(ctx context.Context, round int, k *keeper) (int, error)
	close func() error
}

// clientOnce runs a plain client.
func (s *side) clientOnce(ctx context.Context, client func(context.Context, int) (int, error), round int) (measure.Usage, error) {
	return s.read(ctx, func(ctx context.Context) (int, error) { return client(ctx, round) })
}

// handOnce runs the client with a keeper.
func (s *side) handOnce(ctx context.Context, dir string, round int) (u measure.Usage, err error) {
	k, err := newKeeper(dir)
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	return s.read(ctx, func(ctx context.Context) (int, error) { return s.hand(ctx, round, k) })
}

func (s *side) read(ctx context.Context, all func(ctx context.Context) (int, error)) (measure.Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m := measure.Start()
	n, err := all(ctx)
	u := m.Stop()
	if err == nil && n != s.load.messages {
		err = fmt.Errorf("it read %d messages of %d", n, s.load.messages)
	}
	return u, err
}
