package trial_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/trial"
	"github.com/peltonhq/pelton/internal/tap"
)

// sources is a config of sources alone, in a directory with a file of ten messages and one that is none.
func sources(t *testing.T, text string) (c config.Config, path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "in.jsonl")
	lines := strings.Repeat(`{"k":"a","n":1}`+"\n"+`{"k":"b","n":2}`+"\n", 5) + "no JSON\n"
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte("sources: {in: {"+text+"}}\n"), filepath.Join(dir, "pelton.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, path
}

// A source is read without a wheel as far as is wanted, and again from its beginning.
func TestRecord(t *testing.T) {
	c, _ := sources(t, "file: {path: in.jsonl}, decode: {format: json, key: k}")
	for _, most := range []int{0, 3, 100} {
		var keys []string
		begun := 0
		err := trial.Record(t.Context(), c, nil, "in", func() error { begun++; return nil }, func(s *tap.Sample) error {
			if len(keys) == most {
				return trial.ErrEnough
			}
			keys = append(keys, string(s.Key))
			if !strings.HasPrefix(string(s.Payload), `{"k":"`) || s.Size != len(s.Payload) || !strings.HasPrefix(s.ID, "in/") {
				t.Errorf("%+v", s)
			}
			return nil
		})
		want := slices.Repeat([]string{"a", "b"}, 5)
		if want = want[:min(most, 10)]; err != nil || begun != 1 || !slices.Equal(keys, want) {
			t.Errorf("of %d: %q, begun %d times, %v", most, keys, begun, err)
		}
	}
}

// What is read without end is read until the caller has enough, and an error of the caller is told.
func TestRecordEnds(t *testing.T) {
	c, _ := sources(t, "file: {path: in.jsonl, follow: true}, decode: {format: json}")
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := trial.Record(ctx, c, nil, "in", func() error { return nil }, func(*tap.Sample) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if err != nil || n != 10 {
		t.Errorf("%d messages, %v", n, err)
	}
	full := errors.New("the disk is full")
	if err := trial.Record(t.Context(), c, nil, "in", func() error { return full }, nil); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

func TestRecordStdin(t *testing.T) {
	c, _ := sources(t, "stdin: {}, decode: {format: json}")
	n := 0
	err := trial.Record(t.Context(), c, strings.NewReader("{\"n\":1}\n{\"n\":2}\n"), "in", func() error { return nil }, func(*tap.Sample) error {
		n++
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("%d messages, %v", n, err)
	}
}

// What would be lost by it, or is not there, is refused before anything is touched.
func TestRecordRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"http: {}": "who sends to http is told that it has the message",
		`mqtt: {listen: "127.0.0.1:0", topics: [a]}`:               "who sends to mqtt is told that it has the message",
		`nats: {url: "nats://127.0.0.1:1", stream: A, durable: b}`: "what nats gives one reader",
		`kafka: {brokers: ["127.0.0.1:1"], topics: [a], group: b}`: "what kafka gives one reader",
		"file: {path: 'in*.jsonl'}, decode: {format: json}":        "a pattern of files",
		"file: {path: absent.jsonl}, decode: {format: json}":       "absent.jsonl",
	} {
		c, _ := sources(t, text)
		err := trial.Record(t.Context(), c, nil, "in", func() error {
			t.Errorf("%s: it began", text)
			return nil
		}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	c, _ := sources(t, "http: {}")
	if err := trial.Record(t.Context(), c, nil, "inn", nil, nil); err == nil || !strings.Contains(err.Error(), `no source is named "inn"; did you mean "in"?`) {
		t.Errorf("%v", err)
	}
}
