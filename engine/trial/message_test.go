package trial_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/peltonhq/pelton"
	"github.com/peltonhq/pelton/engine/trial"
)

func TestASampleReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	all := []trial.Message{
		{ID: "flights/x/y/0", HasKey: true, Key: []byte("ORD"), Time: time.Unix(1, 5).UTC(), Headers: []pelton.Header{{Name: "a", Value: "<&>"}}, Payload: []byte(`{"a":"<b>"}`)},
		{HasKey: true, Key: []byte{0xff}, Payload: []byte{0, 1}},
		{Payload: []byte{}},
		{HasKey: true, Key: []byte{}, Payload: []byte("plain text")},
	}
	var file []byte
	for i := range all {
		var err error
		if file, err = all[i].Append(file); err != nil {
			t.Fatal(err)
		}
	}
	got, err := trial.Read(bytes.NewReader(file), "x")
	if err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("%v\n%s\n%+v\nwant\n%+v", err, file, got, all)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"key":"ORD","time":"2001-01-01T00:00:00Z","headers":[{"name":"a","value":"b"}],"payload":{"a":1}}`))
	f.Add([]byte(`{"key_base64":"/w==","payload_base64":""}`))
	f.Add([]byte(`{"payload":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := trial.Parse(text)
		if err != nil {
			return
		}
		line, err := m.Append(nil)
		if err != nil {
			return // a time that JSON can't say
		}
		again, err := trial.Parse(line)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, line, err)
		}
		once, err := again.Append(nil)
		if err != nil || !bytes.Equal(once, line) {
			t.Fatalf("%q was written as %q, then as %q: %v", text, line, once, err)
		}
	})
}

func TestDiff(t *testing.T) {
	t.Parallel()
	body := func(text string) *trial.Body { b := trial.BodyOf([]byte(text)); return &b }
	for _, c := range []struct {
		want, got string
		lines     []string
	}{
		{`{"a":1,"b":[1,2.0]}`, `{ "b": [1.0,2], "a": 1e0 }`, nil},
		{`{"a":1}`, `{"a":"1"}`, []string{`state.a: want 1, got "1"`}},
		{`{"a":null}`, `{"b":null}`, []string{`state.a: want null, got none`, `state.b: want none, got null`}},
		{`[1,2]`, `[1]`, []string{`state: want [1,2], got [1]`}},
		{`18446744073709551617`, `18446744073709551618`, []string{`state: want 18446744073709551617, got 18446744073709551618`}},
		{`1e999999999`, `1e999999998`, []string{`state: want 1e999999999, got 1e999999998`}},
		{"text", `"text"`, []string{`state: want text "text", got "text"`}},
		{"\xff", `1`, []string{`state: want base64 "/w==", got 1`}},
	} {
		lines := trial.Diff(&trial.Result{State: body(c.want)}, &trial.Result{State: body(c.got)})
		if !reflect.DeepEqual(lines, c.lines) {
			t.Errorf("%s against %s: %q, want %q", c.want, c.got, lines, c.lines)
		}
	}
}
