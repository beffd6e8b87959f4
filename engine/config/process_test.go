package config

import (
	"reflect"
	"strings"
	"testing"
)

const processes = `sources: {numbers: {demo: {}}}
plugins:
  double:
    from: [numbers]
    process: {command: [python3, main.py, "${MODE}"], dir: plugins/double, env: {KEY: "${KEY}", EMPTY: ""}, ready: 20s}
    state: {handover: true}
sessions:
  sums:
    from: [double]
    reduce: {process: {command: [./sum]}}
`

func TestProcess(t *testing.T) {
	c, err := Parse([]byte(processes), "/w/pelton.yaml", []string{"MODE=fast", "KEY=secret"})
	if err != nil {
		t.Fatal(err)
	}
	want := &Process{
		Command: []string{"python3", "main.py", "fast"}, Dir: "/w/plugins/double", Ready: 20 * Second,
		Env: map[string]string{"KEY": "secret", "EMPTY": ""},
	}
	if got := c.Plugins["double"].Process; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	reduce := c.Sessions["sums"].Reduce
	if want := (&Process{Command: []string{"./sum"}, Ready: 10 * Second}); !reflect.DeepEqual(reduce.Process, want) {
		t.Errorf("got %+v, want %+v", reduce.Process, want)
	}
	if c.Plugins["double"].Type() != "process" || reduce.Type() != "process" {
		t.Errorf("types %q, %q", c.Plugins["double"].Type(), reduce.Type())
	}
	s := compiled(t)
	if err := valid(t, s, processes); err != nil {
		t.Error(err)
	}
	printed, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, s, string(printed)); err != nil {
		t.Errorf("%v\n%s", err, printed)
	}
	for _, bad := range []string{"{}", "{command: []}", "{command: python3}", "{command: [x], env: [A]}", "{command: [x], ready: 3}", "{command: [x], wait: 3s}"} {
		text := strings.Replace(processes, "{command: [./sum]}", bad, 1)
		if err := valid(t, s, text); err == nil {
			t.Errorf("the schema takes %s", bad)
		}
		if _, err := Parse([]byte(text), "c.yaml", []string{"MODE=x", "KEY=x"}); err == nil {
			t.Errorf("reading takes %s", bad)
		}
	}
}
