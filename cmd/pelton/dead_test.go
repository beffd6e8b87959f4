package main

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
)

// Three good messages and two that are no JSON: those become dead letters of the source.
const lines = `{"k":"a","n":1}
{"k":"a","n":
{"k":"b","n":2}
oops
{"k":"a","n":3}
`

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	dir := project(t, "sources: {in: {file: {path: in.jsonl}, decode: {format: json, key: k}}}\nsessions: {s: {from: [in]}}\n")
	write(t, dir, "in.jsonl", lines)
	w := startWheel(t, dir)
	if f := w.wait("settled").Figures; f == nil || f.Dead != 2 || f.Sessions["s"] != 2 {
		t.Errorf("figures: %+v", f)
	}
	dead := w.rows("dead", "list")
	if len(dead) != 2 || dead[0]["kind"] != "frame" || dead[0]["reason"] == "" {
		t.Fatalf("%v", dead)
	}
	id := dead[0]["id"].(string)
	if r := w.run("dead", "list"); r.code != 0 || !strings.HasPrefix(r.out, "ID ") || strings.Count(r.out, "source/in") != 2 {
		t.Errorf("%+v", r)
	}
	var letter map[string]any
	r := w.run("dead", "show", id, "--json")
	if err := json.Unmarshal([]byte(r.out), &letter); err != nil || letter["id"] != id || letter["payload_base64"] == nil {
		t.Errorf("%v %+v", err, r)
	}
	if r := w.run("dead", "show", id); r.code != 0 || !strings.Contains(r.out, "source/in") || !strings.Contains(r.out, "reason") {
		t.Errorf("%+v", r)
	}
	r = w.run("dead", "export")
	if exported := strings.Split(r.out, "\n"); r.code != 0 || len(exported) != 3 || r.err != "exported 2 dead letters\n" ||
		json.Unmarshal([]byte(exported[0]), &letter) != nil || letter["id"] != id || letter["payload_base64"] == nil {
		t.Errorf("%+v", r)
	}
	if r := w.run("dead", "drop", "--all", "--dry-run"); r.code != 0 || r.out != "would drop 2 dead letters\n" {
		t.Errorf("%+v", r)
	}
	if r := w.run("dead", "drop", id); r.code != 0 || r.out != "dropped 1 dead letter\n" {
		t.Errorf("%+v", r)
	}
	if r := w.run("dead", "list", "--plugin", "nope"); r.code != 0 || r.out != "" {
		t.Errorf("%+v", r)
	}
	if r := w.run("dead", "replay", "--dry-run", "--json"); r.code != 0 || !strings.Contains(r.out, `"skipped":[`) {
		t.Errorf("%+v", r)
	}
	if rows := w.rows("dead", "list"); len(rows) != 1 {
		t.Errorf("%v", rows)
	}
	if code := w.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, w.said.String())
	}
}
