package dev

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
	"github.com/peltonhq/pelton/engine/trial"
)

// Change is what another version makes of the same messages.
type Change struct {
	Messages int       `json:"messages"`
	Recorded bool      `json:"recorded"` // the messages are of --sample; else they passed the plugin a while ago
	Changed  int       `json:"changed"`  // messages that come out differently
	Verdicts []Count   `json:"verdicts,omitempty"`
	Outputs  []Emits   `json:"outputs,omitempty"`
	Examples []Example `json:"examples,omitempty"`
}

// Count is how many verdicts changed in the same way.
type Count struct {
	Before   string `json:"before"`
	After    string `json:"after"`
	Messages int    `json:"messages"`
}

// Emits is how many emits an output got.
type Emits struct {
	Output string `json:"output"`
	Before int    `json:"before"`
	After  int    `json:"after"`
}

// Example is one message that comes out differently.
type Example struct {
	Message int      `json:"message"` // from 1
	Key     string   `json:"key,omitempty"`
	Lines   []string `json:"lines"`
}

const examples = 3

// compare runs both versions on a sample; nil when there is none.
func (s *session) compare(ctx context.Context, plugin string, before, after artifact) (*Change, error) {
	c := &Change{Recorded: s.o.Sample != nil && s.readsSource(plugin)}
	messages := s.o.Sample
	if !c.Recorded {
		messages = s.wheel.kept[plugin].messages()
	}
	if len(messages) == 0 {
		return nil, nil
	}
	old, err := s.try(ctx, plugin, before, messages)
	if err != nil {
		return nil, err
	}
	now, err := s.try(ctx, plugin, after, messages)
	if err != nil {
		return nil, err
	}
	c.count(old, now)
	return c, nil
}

// try runs one version on messages.
func (s *session) try(ctx context.Context, plugin string, a artifact, messages []trial.Message) (results []trial.Result, err error) {
	o := s.o.Engine
	o.Events = nil // what it logs was said in the wheel
	t, err := trial.Open(ctx, s.c, o, engine.Single{Name: plugin, Artifact: a.bytes})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close(ctx)) }()
	return t.Run(ctx, messages)
}

// readsSource reports whether the messages of a source are what the plugin is given.
func (s *session) readsSource(plugin string) bool {
	return slices.ContainsFunc(s.c.Plugins[plugin].From, func(from string) bool { _, ok := s.c.Sources[from]; return ok }) &&
		!strings.HasPrefix(plugin, config.ReducerName(""))
}

func (c *Change) count(before, after []trial.Result) {
	c.Messages = len(before)
	for i := range before {
		b, a := &before[i], &after[i]
		for _, e := range b.Emits {
			c.output(e.Output).Before++
		}
		for _, e := range a.Emits {
			c.output(e.Output).After++
		}
		lines := trial.Changes(b, a)
		if len(lines) == 0 {
			continue
		}
		c.Changed++
		if b.Verdict != a.Verdict {
			c.verdict(b.Verdict, a.Verdict).Messages++
		}
		if len(c.Examples) < examples {
			c.Examples = append(c.Examples, Example{Message: i + 1, Key: a.Key, Lines: lines})
		}
	}
}

func (c *Change) output(name string) *Emits {
	i := slices.IndexFunc(c.Outputs, func(e Emits) bool { return e.Output == name })
	if i < 0 {
		i = len(c.Outputs)
		c.Outputs = append(c.Outputs, Emits{Output: name})
	}
	return &c.Outputs[i]
}

func (c *Change) verdict(before, after string) *Count {
	i := slices.IndexFunc(c.Verdicts, func(v Count) bool { return v.Before == before && v.After == after })
	if i < 0 {
		i = len(c.Verdicts)
		c.Verdicts = append(c.Verdicts, Count{Before: before, After: after})
	}
	return &c.Verdicts[i]
}
