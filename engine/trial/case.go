package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/config/cases"
)

// Outcome is how one case went.
type Outcome struct {
	Name     string        `json:"name"`
	Plugin   string        `json:"plugin"`
	Passed   bool          `json:"passed"`
	Messages int           `json:"messages"`
	Golden   string        `json:"golden,omitempty"`  // the file
	Updated  bool          `json:"updated,omitempty"` // it was written
	Error    string        `json:"error,omitempty"`   // why the case could not be run
	Failures []Failure     `json:"failures"`
	Took     time.Duration `json:"took_ns"`
}

// Failure is one message of which something else came than was wanted.
type Failure struct {
	Message int      `json:"message"` // from 1; 0: the case as a whole
	Key     string   `json:"key,omitempty"`
	Lines   []string `json:"lines"` // how it differs
}

// Case runs one test case of the config. With update, a golden file is written instead of compared.
func Case(ctx context.Context, c config.Config, o engine.Options, k *cases.Case, update bool) Outcome {
	began := time.Now()
	r := Outcome{Name: k.Name, Plugin: k.Plugin, Golden: k.Golden, Failures: []Failure{}}
	if err := r.run(ctx, c, o, k, update); err != nil {
		r.Error = err.Error()
	}
	r.Passed, r.Took = r.Error == "" && len(r.Failures) == 0, time.Since(began)
	return r
}

func (r *Outcome) run(ctx context.Context, c config.Config, o engine.Options, k *cases.Case, update bool) (err error) {
	messages, err := messagesOf(k)
	if err != nil {
		return err
	}
	r.Messages = len(messages)
	t, err := Open(ctx, c, o, engine.Single{Name: k.Plugin, Source: k.Source})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close(ctx)) }()
	results, err := t.Run(ctx, messages)
	if err != nil {
		return err
	}
	r.expect(k.Expect, results)
	if k.Golden == "" {
		return nil
	}
	return r.golden(results, update)
}

// messagesOf are the messages of a case.
func messagesOf(k *cases.Case) ([]Message, error) {
	if k.Sample != "" {
		return ReadFile(k.Sample)
	}
	all := make([]Message, len(k.Input))
	for i := range k.Input {
		in, m := &k.Input[i], &all[i]
		var err error
		if m.Payload, err = in.Bytes(); err != nil {
			return nil, err
		}
		if m.Time, err = in.At(); err != nil {
			return nil, err
		}
		if in.Key != nil {
			m.HasKey, m.Key = true, []byte(*in.Key)
		}
		for _, h := range in.Headers {
			m.Headers = append(m.Headers, pelton.Header(h))
		}
	}
	return all, nil
}

// expect compares with what stands in the config.
func (r *Outcome) expect(want []cases.Expect, got []Result) {
	if len(want) > 0 && len(want) != len(got) {
		r.failed(0, "", fmt.Sprintf("expect has %d entries and the sample %d messages; want one for each, in order", len(want), len(got)))
		return
	}
	for i := range want {
		r.failed(i+1, got[i].Key, expected(&want[i], &got[i])...)
	}
}

func (r *Outcome) failed(message int, key string, lines ...string) {
	if len(lines) > 0 {
		r.Failures = append(r.Failures, Failure{Message: message, Key: key, Lines: lines})
	}
}

// expected says how got differs from want, in what want names.
func expected(want *cases.Expect, got *Result) []string {
	w := Result{Verdict: want.Verdict, Reason: got.Reason, After: got.After, Request: got.Request, State: got.State}
	if w.Verdict == "" {
		w.Verdict = pelton.DecisionAck.String()
	}
	if !strings.Contains(got.Reason, want.Reason) {
		w.Reason = "one with " + want.Reason
	}
	if !strings.Contains(got.Request, want.Request) {
		w.Request = "one with " + want.Request
	}
	if want.After != "" {
		w.After = want.After
	}
	if want.State != nil {
		w.State = &Body{Payload: json.RawMessage(want.State)}
	}
	for i := range want.Emits {
		e, emit := &want.Emits[i], Emit{Output: want.Emits[i].Output}
		if emit.Output == "" {
			emit.Output = pelton.DefaultOutput
		}
		if i < len(got.Emits) {
			emit.Key, emit.Body = got.Emits[i].Key, got.Emits[i].Body
		}
		if e.Key != nil {
			emit.Key = e.Key
		}
		switch {
		case e.Payload != nil:
			emit.Body = Body{Payload: json.RawMessage(e.Payload)}
		case e.Text != nil:
			emit.Body = BodyOf([]byte(*e.Text))
		}
		w.Emits = append(w.Emits, emit)
	}
	lines := Diff(&w, got)
	if len(lines) > 0 && w.Verdict != got.Verdict && got.Reason != "" {
		lines = append(lines, "reason: "+got.Reason)
	}
	return lines
}

// golden compares with a golden file, or writes it.
func (r *Outcome) golden(results []Result, update bool) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	for i := range results {
		if err := e.Encode(&results[i]); err != nil {
			return err
		}
	}
	before, err := os.ReadFile(r.Golden)
	switch {
	case update:
		if r.Updated = !bytes.Equal(before, text.Bytes()) || err != nil; !r.Updated {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(r.Golden), 0o755); err != nil {
			return err
		}
		return os.WriteFile(r.Golden, text.Bytes(), 0o644)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("golden %s is not there; write it with --update, and look at what is in it", r.Golden)
	case err != nil:
		return err
	}
	want, err := readGolden(before, r.Golden)
	if err != nil {
		return err
	}
	if len(want) != len(results) {
		r.failed(0, "", fmt.Sprintf("golden has %d lines for %d messages; write it anew with --update", len(want), len(results)))
	}
	for i := range min(len(want), len(results)) {
		lines := Diff(&want[i], &results[i])
		if want[i].Key != results[i].Key {
			lines = append([]string{fmt.Sprintf("key: want %q, got %q", want[i].Key, results[i].Key)}, lines...)
		}
		r.failed(i+1, results[i].Key, lines...)
	}
	return nil
}

// readGolden reads a golden file.
func readGolden(text []byte, name string) ([]Result, error) {
	var all []Result
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var r Result
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("%s:%d: %w; write it anew with --update", name, n, err)
		}
		all = append(all, r)
	}
	return all, nil
}
