package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/actor/native"
	"github.com/peltonhq/pelton/api"
	"github.com/peltonhq/pelton/api/client"
	"github.com/peltonhq/pelton/api/delta"
	"github.com/peltonhq/pelton/engine"
	"github.com/peltonhq/pelton/engine/config"
)

// echo emits what it is given, and its greeting before it.
type echo struct{ greeting string }

func (e *echo) Init(settings []byte) ([]pelton.Output, error) {
	text := string(settings)
	if strings.Contains(text, "refuse") {
		return nil, errors.New("it refuses to start")
	}
	if _, after, ok := strings.Cut(text, `"greeting":"`); ok {
		e.greeting, _, _ = strings.Cut(after, `"`)
	}
	outputs := []pelton.Output{{Name: "default"}}
	if strings.Contains(text, "more") {
		outputs = append(outputs, pelton.Output{Name: "more"})
	}
	return outputs, nil
}

func (e *echo) Handle(m *native.Message, out *native.Out) pelton.Verdict {
	out.Emit("default", m.Key(), []byte(e.greeting+string(m.Payload())))
	return pelton.Ack()
}

// live is a wheel whose config is changed while it runs.
type live struct {
	*testing.T

	file   string
	reload chan struct{}
	events chan engine.Event
	client *client.Client
	addr   string // of HTTP
	stop   context.CancelFunc
	ended  chan error
}

const api0 = "api: {listen: \"127.0.0.1:0\", grpc: \"127.0.0.1:0\"}\n"

func start(t *testing.T, text string) *live {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &live{
		T: t, file: filepath.Join(t.TempDir(), "pelton.yaml"), reload: make(chan struct{}), events: make(chan engine.Event, 1000),
		stop: stop, ended: make(chan error, 1),
	}
	l.write(text)
	c, err := config.Load(l.file, []string{"TOKEN=s3cret", "GREETING=hi "})
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	go func() {
		l.ended <- engine.Run(ctx, c, engine.Options{
			Native: applyRegistry(), Reload: l.reload,
			Events: func(e engine.Event) { l.events <- e }, Stdout: new(bytes.Buffer), CacheDir: cache,
		})
	}()
	l.addr = l.wait("listening").HTTP
	l.client = client.New(l.addr)
	t.Cleanup(func() {
		stop()
		if err := <-l.ended; err != nil {
			t.Error(err)
		}
		l.client.Close()
	})
	return l
}

func applyRegistry() native.Registry {
	return native.Registry{
		"echo":  native.Module("echo", func() native.Plugin { return new(echo) }),
		"holds": native.Module("holds", func() native.Plugin { return holds{} }),
	}
}

func (l *live) write(text string) {
	l.Helper()
	if !strings.Contains(text, "api:") {
		text += api0
	}
	if err := os.WriteFile(l.file, []byte(text), 0o600); err != nil {
		l.Fatal(err)
	}
}

func (l *live) wait(kind string) engine.Event {
	l.Helper()
	for {
		select {
		case e := <-l.events:
			if e.Event == kind {
				return e
			}
		case err := <-l.ended:
			l.ended <- err
			l.Fatalf("the wheel ended: %v", err)
		case <-time.After(time.Minute):
			l.Fatalf("no event %s", kind)
		}
	}
}

// apply writes the file, has it read again, and wants this outcome.
func (l *live) apply(text, outcome string) engine.Event {
	l.Helper()
	l.write(text)
	l.reload <- struct{}{}
	e := l.wait("apply")
	if e.Outcome != outcome {
		l.Fatalf("%s: outcome %s, want %s: %s", text, e.Outcome, outcome, e.Reason)
	}
	return e
}

// publish posts numbered messages, by turns of eight keys.
func (l *live) publish(source string, from, to int) {
	l.Helper()
	var p api.Publication
	for n := from; n < to; n++ {
		p.Messages = append(p.Messages, api.IngestMessage{Key: fmt.Appendf(nil, "k%d", n%8), Payload: []byte(strconv.Itoa(n))})
	}
	if _, err := l.client.Publish(l.Context(), source, p); err != nil {
		l.Fatal(err)
	}
}

// session reads n snapshots of a name, by key.
func (l *live) session(name string, n int) map[string][]string {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
	defer cancel()
	all := map[string][]string{}
	for e, err := range l.client.Follow(ctx, api.FollowRequest{Name: name, Log: true, From: api.FromBeginning}, client.FollowOptions{}) {
		if err != nil {
			l.Fatalf("session %s: after %v: %v", name, all, err)
		}
		if e.Snapshot != nil {
			all[e.Snapshot.Key] = append(all[e.Snapshot.Key], string(e.Snapshot.Payload))
			if n--; n == 0 {
				break
			}
		}
	}
	return all
}

// exact checks that every number came once, in the order of its key.
func exact(t *testing.T, all map[string][]string, n int) {
	t.Helper()
	for key := range 8 {
		name := fmt.Sprintf("k%d", key)
		at := key
		for _, text := range all[name] {
			digits := strings.TrimLeft(text, "hi ")
			if digits != strconv.Itoa(at) {
				t.Fatalf("%s: %s where %d was due", name, text, at)
			}
			at += 8
		}
		if at < n {
			t.Errorf("%s ends before %d of %d", name, at, n)
		}
	}
}

const base = `
sources:
  in: {http: {}}
  side: {demo: {rate: 100/s}, decode: {format: json, key: origin}}
plugins:
  first: {from: [in], native: {name: echo}}
sessions:
  out: {from: [first]}
  aside: {from: [side]}
`

// Every kind of change is applied under traffic: nothing is lost or repeated, and what is not concerned goes on.
func TestApply(t *testing.T) {
	l := start(t, base)
	n := 0
	for i, text := range []string{
		strings.Replace(base, "{name: echo}}", "{name: echo}, retry: {attempts: 9}}", 1),
		strings.Replace(base, "{name: echo}}", "{name: echo}, instances: 3}", 1),
		strings.Replace(base, "{name: echo}}", "{name: echo}, config: {greeting: 'hi '}}", 1),
		strings.Replace(base, "plugins:", "plugins:\n  zero: {from: [in], native: {name: echo}}", 1),
		strings.Replace(strings.Replace(base, "plugins:", "plugins:\n  zero: {from: [in], native: {name: echo}}", 1), "from: [in], native: {name: echo}}\nsessions", "from: [zero], native: {name: echo}}\nsessions", 1),
		strings.Replace(base, "sessions:", "sinks:\n  copy: {from: [first], file: {path: copy.jsonl}}\nsessions:\n  in2: {from: [first]}", 1),
		strings.Replace(base, "sessions:", "sinks:\n  copy: {from: [first], file: {path: copy.jsonl}, buffer: 1MiB}\nsessions:\n  in2: {from: [first], buffer: 2MiB}", 1),
		strings.Replace(base, "out: {from: [first]}", "out: {from: [first], retain: {snapshots: 1000000}}", 1),
		strings.Replace(base, "in: {http: {}}", "in: {http: {headers: [X-Trace]}}\n  more: {http: {}}", 1),
		base,
	} {
		done := make(chan struct{})
		go func() { // under traffic
			defer close(done)
			for range 20 {
				l.publish("in", n, n+40)
				n += 40
			}
		}()
		e := l.apply(text, api.AppliedChanged)
		<-done
		if e.Plan == nil || len(e.Plan.Changes) == 0 {
			t.Errorf("%d: no plan is told: %+v", i, e)
		}
	}
	exact(t, l.session("out", n), n)
	s, err := l.client.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Config.Outcomes[api.AppliedChanged] != 10 || s.Config.Error != "" || s.Config.Last.IsZero() || s.Config.Hash == "" {
		t.Errorf("figures of the config: %+v", s.Config)
	}
	for _, source := range s.Sources {
		if source.Name == "in" && source.Messages < uint64(n) {
			t.Errorf("%d messages of %d are counted after the lanes were opened again", source.Messages, n)
		}
	}
	l.apply(base, api.AppliedUnchanged)
}

// Lanes that reach nothing that changes go on.
func TestApplyTouchesNoOther(t *testing.T) {
	l := start(t, base)
	e := l.apply(strings.Replace(base, "{name: echo}}", "{name: echo}, retry: {attempts: 9}}", 1), api.AppliedChanged)
	if got := strings.Join(e.Plan.Drained, " "); got != "in" {
		t.Errorf("drained %q, want in", got)
	}
	e = l.apply(strings.Replace(base, "aside: {from: [side]}", "aside: {from: [side, in]}", 1), api.AppliedChanged)
	if got := strings.Join(e.Plan.Drained, " "); got != "in" {
		t.Errorf("drained %q, want in", got)
	}
}

// The arena between two plugins goes and comes while a lane that does not reach them goes on, which had a share of it.
func TestApplyNest(t *testing.T) {
	nested := strings.Replace(base, "sessions:", "  second: {from: [first], native: {name: echo}}\nsessions:\n  far: {from: [second]}", 1)
	l := start(t, nested)
	for i := range 3 {
		l.publish("in", 32*i, 32*i+16)
		e := l.apply(base, api.AppliedChanged)
		if got := strings.Join(e.Plan.Drained, " "); got != "in" {
			t.Errorf("drained %q, want in", got)
		}
		l.publish("in", 32*i+16, 32*i+32)
		l.apply(nested, api.AppliedChanged)
	}
	l.publish("in", 96, 104)
	exact(t, l.session("out", 104), 104)
	before, err := l.client.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for read := before.Sources[1].Messages; read <= before.Sources[1].Messages; { // the other source goes on
		now, err := l.client.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		read = now.Sources[1].Messages
	}
}

// What is wrong touches nothing; the reason is told and kept.
func TestApplyRefuses(t *testing.T) {
	l := start(t, base)
	for name, row := range map[string]struct{ text, outcome, reason string }{
		"yaml":    {"sources: [", api.AppliedRefused, "pelton.yaml:"},
		"key":     {strings.Replace(base, "first: {", "first: {instanses: 2, ", 1), api.AppliedRefused, "did you mean \"instances\""},
		"output":  {strings.Replace(base, "out: {from: [first]}", "out: {from: [first.nothing]}", 1), api.AppliedRefused, "no output"},
		"code":    {strings.Replace(base, "name: echo", "name: ehco", 1), api.AppliedRefused, "ehco"},
		"init":    {strings.Replace(base, "{name: echo}}", "{name: echo}, config: {refuse: true}}", 1), api.AppliedRefused, "it refuses to start"},
		"restart": {base + "store: {dir: elsewhere}\nlimits: {replays: 3}\n", api.AppliedRefused, "store.dir"},
		"sink":    {base + "sinks:\n  s: {from: [first], file: {path: none/there/x}}\n", api.AppliedFailed, "the wheel runs as before"},
		"source":  {strings.Replace(base, "sources:", "sources:\n  f: {file: {path: nowhere}}", 1), api.AppliedRefused, "nowhere does not exist"},
	} {
		e := l.apply(row.text, row.outcome)
		if !strings.Contains(e.Reason, row.reason) {
			t.Errorf("%s: %q, want %q", name, e.Reason, row.reason)
		}
	}
	s, err := l.client.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Config.Error == "" || s.Config.Outcomes[api.AppliedRefused] != 7 || s.Config.Outcomes[api.AppliedFailed] != 1 {
		t.Errorf("figures of the config: %+v", s.Config)
	}
	l.publish("in", 0, 80)
	exact(t, l.session("out", 80), 80)
	l.apply(base, api.AppliedUnchanged)
}

// A failure while lanes are drained is undone: what was closed is opened as it was, and every lane goes on.
func TestApplyRestores(t *testing.T) {
	text := base + "sinks:\n  copy: {from: [first], file: {path: copy.jsonl}}\n  other: {from: [first, side], stdout: {}}\n"
	l := start(t, text)
	l.publish("in", 0, 80)
	bad := strings.Replace(text, "copy.jsonl", "none/there/copy.jsonl", 1)
	bad = strings.Replace(bad, "{name: echo}}", "{name: echo}, instances: 2, retry: {attempts: 2}}", 1)
	bad = strings.Replace(bad, "out: {from: [first]}", "out: {from: [first], buffer: 1MiB}\n  new: {from: [first]}", 1)
	e := l.apply(bad, api.AppliedFailed)
	if !strings.Contains(e.Reason, "none/there") {
		t.Errorf("reason %q", e.Reason)
	}
	l.publish("in", 80, 160)
	exact(t, l.session("out", 160), 160)
	names, err := l.client.Names(t.Context())
	if err != nil || strings.Join(names, " ") != "aside out" {
		t.Errorf("sessions %v, %v", names, err)
	}
	l.apply(text, api.AppliedUnchanged)
	l.apply(strings.Replace(text, "{name: echo}}", "{name: echo}, instances: 2}", 1), api.AppliedChanged)
}

// A plan over the API is applied if nothing has changed since, and shows no secret.
func TestApplyPlan(t *testing.T) {
	secret := "config: {api_token: \"${TOKEN}\", greeting: \"${GREETING}\", password: plain}}"
	l := start(t, strings.Replace(base, "{name: echo}}", "{name: echo}, "+secret, 1))
	ask := func(text, hash string, only bool) (delta.Plan, error) {
		return l.client.Apply(t.Context(), api.ApplyOptions{Text: []byte(text + api0), File: "sent.yaml", PlanOnly: only, Hash: hash})
	}
	next := strings.Replace(base, "{name: echo}}", "{name: echo}, config: {api_token: \"x${TOKEN}\", password: second}}", 1)
	p, err := ask(next, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(p); strings.Contains(text, "s3cret") || strings.Contains(text, "plain") || strings.Contains(text, "second") || !strings.Contains(text, "${TOKEN} (hidden)") {
		t.Errorf("the plan shows %s", text)
	}
	running, err := l.client.Config(t.Context())
	if err != nil || strings.Contains(running.Text, "s3cret") || strings.Contains(running.Text, "plain") || !strings.Contains(running.Text, "${TOKEN}") {
		t.Errorf("the running config is shown as %v, %s", err, running.Text)
	}
	if _, err := ask(base, p.Hash, false); !errors.Is(err, &api.Error{Code: api.FailedPrecondition}) {
		t.Errorf("another file with the hash: %v", err)
	}
	if _, err := ask(next, p.Hash, false); err != nil {
		t.Error(err)
	}
	if _, err := ask(next, p.Hash, false); !errors.Is(err, &api.Error{Code: api.FailedPrecondition}) {
		t.Errorf("the same plan again: %v", err)
	}
	if _, err := ask("sources: {x: 1}\n", "", true); !errors.Is(err, &api.Error{Code: api.InvalidArgument}) || !strings.HasPrefix(err.Error(), "sent.yaml:1:") {
		t.Errorf("a bad config: %v", err)
	}
	program := strings.Replace(base, "native: {name: echo}", "process: {command: [sh, -c, 'rm -rf /']}", 1)
	if _, err := ask(program, "", true); !errors.Is(err, &api.Error{Code: api.InvalidArgument}) || !strings.Contains(err.Error(), "is a program") {
		t.Errorf("a program: %v", err)
	}
}

// holds keeps its messages for an hour.
type holds struct{}

func (holds) Init([]byte) ([]pelton.Output, error)               { return nil, nil }
func (holds) Handle(*native.Message, *native.Out) pelton.Verdict { return pelton.Hold(time.Hour) }

// What is parked for a plugin that is removed stays, is told of, and goes on once the plugin is there again.
func TestApplyLeavesParked(t *testing.T) {
	text := strings.Replace(base, "sessions:", "  wait: {from: [in], native: {name: holds}}\nsessions:", 1)
	l := start(t, text)
	l.publish("in", 0, 8)
	parked := func(n int) {
		t.Helper()
		for count := -1; count != n; {
			all, err := l.client.AllParked(t.Context(), api.ParkedQuery{Plugin: "wait"})
			if err != nil {
				t.Fatal(err)
			}
			count = len(all)
		}
	}
	parked(8)
	e := l.apply(base, api.AppliedChanged)
	if warnings := strings.Join(e.Plan.Warnings, " "); !strings.Contains(warnings, "parked for plugin wait") {
		t.Errorf("warnings %q", warnings)
	}
	parked(8)
	l.publish("in", 8, 16)
	exact(t, l.session("out", 16), 16)
	l.apply(text, api.AppliedChanged)
	if n, err := l.client.Release(t.Context(), nil, api.ParkedQuery{Plugin: "wait"}, false); err != nil || n != 8 {
		t.Errorf("released %d, %v", n, err)
	}
	l.publish("in", 16, 24)
	parked(16)
}

// A source whose lanes come and go is opened again: it goes on where it was.
func TestApplyKafka(t *testing.T) {
	cluster := topicOf(t, 2, "0", "1", "2")
	text := fmt.Sprintf("sources:\n  in: {kafka: {brokers: [%q], topics: [flights], group: g}}\nplugins:\n  first: {from: [in], native: {name: echo}}\nsessions:\n  out: {from: [first]}\n", cluster.ListenAddrs()[0])
	l := start(t, text)
	if got := l.session("out", 6); len(got) != 6 {
		t.Errorf("%v", got)
	}
	for i := range 3 {
		e := l.apply(strings.Replace(text, "{name: echo}}", fmt.Sprintf("{name: echo}, retry: {attempts: %d}}", 7+i), 1), api.AppliedChanged)
		if got := strings.Join(e.Plan.Drained, " "); got != "in" {
			t.Errorf("drained %q", got)
		}
	}
	add(t, cluster, 2, "3")
	if got := l.session("out", 8); len(got) != 8 {
		t.Errorf("%v", got)
	}
}
